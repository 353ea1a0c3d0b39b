internal import JSON
internal import Messages
internal import Templates

/// An event from a file, for commands that look at one.
enum EventFile {
  /// The one event of a file, in our notation: from our JSON, a structured CloudEvent, or Adobe's
  /// XML, where an event without an id is called `event`.
  static func readEvent(_ path: String) throws -> [UInt8] {
    let bytes = try InputFile.read(path, atMost: MessageLimits.messageBytes)
    let isXML = bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "<")
    guard isXML || isCloudEvent(bytes) else { return bytes }
    let padded = bytes + [UInt8](repeating: 0, count: jsonPadding)
    do {
      return try padded.withUnsafeBytes { all -> [UInt8] in
        let body = UnsafeRawBufferPointer(rebasing: all[..<bytes.count])
        let translation = try isXML ? translate(xml: body) : translate(cloudEvent: body)
        guard translation.elements.count == 1, let event = translation.elements.first else {
          throw CommandFailure(
            "\(path): expected one event, found \(translation.elements.count)", .data)
        }
        if let refusal = event.refusal { throw refusal }
        return translation.output.withBytes { Array($0[event.json]) }
      }
    } catch let error as Rejection {
      throw CommandFailure("\(path): not an event: \(error.sentence)", .data)
    }
  }

  /// All events of a file of JSON, one a line or in any other way that `publish` reads.
  static func readEvents(_ path: String) throws -> [[UInt8]] {
    var bytes = try InputFile.read(path)
    let count = bytes.count
    bytes.append(contentsOf: repeatElement(0x20, count: jsonPadding))
    return try bytes.withUnsafeBytes { all in
      let text = UnsafeRawBufferPointer(rebasing: all[..<count])
      var documents = EventDocuments(text, using: JSONParser())
      var events: [[UInt8]] = []
      do {
        while let range = try documents.next() { events.append(Array(text[range])) }
      } catch let fault as EventDocuments.Fault {
        throw CommandFailure(
          "\(InputFile.name(path)):\(fault.line):\(fault.column): \(fault.sentence)", .data)
      }
      return events
    }
  }

  private static func isCloudEvent(_ bytes: [UInt8]) -> Bool {
    (try? JSONParser().withDocument(bytes) { $0["specversion"] != nil }) ?? false
  }

  private static func translate(xml body: UnsafeRawBufferPointer) throws -> Translation {
    let translator = AdobeTranslator(bodyBytes: body.count, maxEventBytes: body.count)
    while try !translator.advance(body, bytes: 1 << 20) {}
    return try translator.finish(messageID: Array("event".utf8))
  }

  private static func translate(cloudEvent body: UnsafeRawBufferPointer) throws -> Translation {
    try CloudEvent.translate(structured: body, using: JSONParser())
  }

  /// Which template the event gets at that time, and why no other.
  static func explain(
    _ event: [UInt8], catalog: TemplateCatalog, lane: Lane, now: Timestamp
  ) throws -> MatchExplanation {
    let parser = JSONParser()
    do {
      return try parser.withDocument(event) { root in
        let fields = try EventFields.decode(root, messageID: nil)
        return catalog.explain(MatchQuery(fields, lane: lane, now: now))
      }
    } catch let error as JSONError {
      throw CommandFailure("the event is not JSON: \(error.description)", .data)
    } catch let error as Rejection {
      throw CommandFailure("not an event: \(error.sentence)", .data)
    }
  }

  static func json(_ explanation: MatchExplanation) -> String {
    var writer = ByteWriter(capacity: 1_024)
    explanation.write(to: &writer)
    return writer.withBytes { String(decoding: $0, as: UTF8.self) }
  }
}

/// A delivery's content for people.
enum ContentText {
  static func print(_ content: [UInt8]) {
    let parser = JSONParser()
    try? parser.withDocument(content) { root in
      for (name, value) in root.members {
        if let text = value.asString {
          let isLong = text.bytes.contains(0x0A)
          let shown = text.string.printable(keeping: "\n\t")
          writeLine("\(name.string):\(isLong ? "\n" : " ")\(shown)")
        } else {
          let source = String(decoding: value.source, as: UTF8.self)
          writeLine("\(name.string): \(source.printable(keeping: "\n\t"))")
        }
      }
    }
  }
}
