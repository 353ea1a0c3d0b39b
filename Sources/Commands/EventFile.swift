internal import Glibc
internal import JSON
internal import Messages
internal import Node
internal import Templates

/// An event from a file, for commands that look at one.
enum EventFile {
  static func read(_ path: String) throws -> [UInt8] {
    guard let bytes = readBytes(path == "-" ? "/dev/stdin" : path) else {
      throw CommandFailure(
        "\(path): cannot be read: \(String(cString: strerror(errno)))", .noInput)
    }
    return bytes
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
          writeLine("\(name.string):\(isLong ? "\n" : " ")\(text.string)")
        } else {
          writeLine("\(name.string): \(String(decoding: value.source, as: UTF8.self))")
        }
      }
    }
  }
}
