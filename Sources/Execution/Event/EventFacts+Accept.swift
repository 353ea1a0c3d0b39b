import JSON
import Messages
import Templates

extension EventFacts {
  /// The facts of an event that has just come.
  ///
  /// - Parameters:
  ///   - inbound: its message: what carries its trace context.
  ///   - template: that it is pinned to; nil when none is chosen yet.
  init(_ fields: EventFields, _ inbound: InboundMessage, template: Template?) {
    self = inbound.storage.withUnsafeBytes { storage in
      EventFacts(id: fields.id.bytes, capacity: 256 + fields.id.count) { field, bytes in
        switch field {
        case .type: bytes.append(contentsOf: fields.type.bytes)
        case .channel: bytes.append(contentsOf: fields.channel.bytes)
        case .origin: if let origin = fields.origin { bytes.append(contentsOf: origin.bytes) }
        case .externalID: if let id = fields.externalID { bytes.append(contentsOf: id.bytes) }
        case .templateName: if let template { bytes.append(contentsOf: template.name.utf8) }
        case .templateVersion: if let template { bytes.append(contentsOf: template.version.utf8) }
        case .traceParent: bytes.append(contentsOf: storage[inbound.traceParent.range])
        case .traceState: bytes.append(contentsOf: storage[inbound.traceState.range])
        case .triedChannels, .fallbackChannels: break
        }
      }
    }
  }
}
