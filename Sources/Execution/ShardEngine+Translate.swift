import JSON
import Messages

// Bodies in other notations than ours, and where the elements of a body stand in it.
extension ShardEngine {
  /// Begins a message of CloudEvents or Adobe's XML: its events are written in our notation
  /// behind the message's bytes, once, and taken from there. A body for several is translated by
  /// the turns, bit by bit, and no event of it is taken before all of it has been read.
  func openTranslated(_ message: Int32, _ format: BodyFormat) {
    let inbound = messages[message].message
    let content = messages[message].content
    do throws(Rejection) {
      try inbound.storage.withPart(content) { (body) throws(Rejection) in
        switch format {
        case .xml:
          messages[message].notation = .xml
          begin(
            message,
            .adobe(
              AdobeTranslator(bodyBytes: body.count, maxEventBytes: settings.maxEventBytes)))
        case .cloudEventBatch:
          messages[message].notation = .cloudEvents
          begin(message, .cloudEvents(try CloudEventBatchTranslator(body, using: parser)))
        case .cloudEvent:
          messages[message].notation = .cloudEvents
          adopt(try CloudEvent.translate(structured: body, using: parser), message)
        case .json, .ndjson, .massTransit, .perhapsJSON, .unknown:
          messages[message].notation = .binaryCloudEvent
          adopt(
            try CloudEvent.translate(
              binary: inbound.bytes(inbound.cloudEvent),
              isJSON: format == .json
                || format == .perhapsJSON && BodyFormat.looksLikeJSON(body), body: body,
              using: (parser, otherParser)),
            message)
        }
      }
    } catch {
      park(message, element: content, error)
    }
  }

  /// Leaves a body to the turns.
  func begin(_ message: Int32, _ translator: OpenMessage.Translator) {
    messages[message].translator = translator
    inlets[Int(messages[message].message.inlet.rawValue)].open = message
  }

  /// Reads some more of a body; at its end its events are taken, or all of it parks.
  func translate(_ message: Int32, with translator: OpenMessage.Translator) {
    let content = messages[message].content
    do throws(Rejection) {
      if case .packed(let unpacker) = translator {
        return try unpack(message, with: unpacker)
      }
      let bytes = EngineLimits.translatedBytes
      work.spend(bytes * WorkCost.translatedByte)
      let inbound = messages[message].message
      try inbound.storage.withPart(content) { (body) throws(Rejection) in
        switch translator {
        case .adobe(let work):
          guard try work.advance(body, bytes: bytes) else { return }
          endTranslation(message)
          adopt(try work.finish(messageID: inbound.bytes(inbound.messageID)), message)
        case .cloudEvents(let work):
          guard work.advance(body, bytes: bytes, using: parser) else { return }
          endTranslation(message)
          adopt(work.finish(), message)
        case .packed: break
        }
      }
    } catch {
      endTranslation(message)
      park(message, element: content, error)
    }
  }

  func endTranslation(_ message: Int32) {
    messages[message].translator = nil
    inlets[Int(messages[message].message.inlet.rawValue)].open = -1
  }

  private func adopt(_ translation: consuming Translation, _ message: Int32) {
    let isBatch = translation.isBatch
    hold(messages[message].adopt(translation), forMessage: message)
    if isBatch {
      inlets[Int(messages[message].message.inlet.rawValue)].open = message
    } else if let element = messages[message].takeElement() {
      take(message, element: element)
    }
  }
}
