/// A drive is what follows from accepting an event or from one redrive of it: a chain of attempts
/// on one channel after another.
extension EventFacts {
  /// The same facts for another attempt.
  ///
  /// - Parameters:
  ///   - template: name and version; nil when none is chosen yet.
  ///   - tried: channels that this drive has tried.
  ///   - fallbacks: channels that it is to try next.
  func with(
    channel: UnsafeRawBufferPointer, template: (name: String, version: String)?,
    tried: [String], fallbacks: [String]
  ) -> EventFacts {
    withBytes { all in
      EventFacts(
        id: UnsafeRawBufferPointer(rebasing: all[idRange]), capacity: all.count + 256
      ) { field, bytes in
        switch field {
        case .channel: bytes.append(contentsOf: channel)
        case .templateName: if let template { bytes.append(contentsOf: template.name.utf8) }
        case .templateVersion: if let template { bytes.append(contentsOf: template.version.utf8) }
        case .triedChannels: bytes.append(contentsOf: tried.joined(separator: ",").utf8)
        case .fallbackChannels: bytes.append(contentsOf: fallbacks.joined(separator: ",").utf8)
        case .type, .origin, .externalID, .traceParent, .traceState:
          bytes.append(contentsOf: all[range(of: field)])
        }
      }
    }
  }

  /// A field that holds channels.
  func channels(_ field: Field) -> [String] {
    string(field).split(separator: ",").map(String.init)
  }

  /// The channels to try next, in order: those left by the attempts before, then those of the
  /// present template; none that was tried.
  ///
  /// - Parameter own: that the present template names.
  func remainingChannels(_ own: [String]) -> [String] {
    let left = channels(.fallbackChannels)
    guard !own.isEmpty || !left.isEmpty else { return [] }
    var seen = channels(.triedChannels) + [string(.channel)]
    return (left + own).filter { channel in
      if seen.contains(channel) { return false }
      seen.append(channel)
      return true
    }
  }
}
