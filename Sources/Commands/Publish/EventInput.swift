internal import JSON
internal import Messages

/// The events of the files that `publish` is given, all of them looked at before one is sent.
struct EventInput {
  private struct File {
    let bytes: [UInt8]
    let events: [Range<Int>]
  }

  private let files: [File]
  private let reader: EventReader
  private let isJudged: Bool

  /// How many mistakes are told at once.
  private static let mostProblems = 10

  /// - Throws: when a file cannot be read or is not JSON, or holds what the service would park.
  init(_ paths: [String], reader: EventReader, judges: Bool) throws {
    self.reader = reader
    isJudged = judges
    var files: [File] = []
    var problems = Problems()
    for path in paths {
      files.append(try Self.file(path, reader, judges, &problems))
    }
    try problems.check()
    self.files = files
  }

  var count: Int { files.reduce(0) { $0 + $1.events.count } }

  /// Hands out one event after the other.
  func forEach(_ body: (OutgoingEvent) async throws -> Void) async throws {
    for file in files {
      for range in file.events {
        let bytes = Array(file.bytes[range])
        try await body(isJudged ? reader.read(bytes) : reader.readUnjudged(bytes))
      }
    }
  }

  private static func file(
    _ path: String, _ reader: EventReader, _ judges: Bool, _ problems: inout Problems
  ) throws -> File {
    let name = InputFile.name(path)
    var bytes = try InputFile.read(path)
    let count = bytes.count
    bytes.append(contentsOf: repeatElement(0x20, count: jsonPadding))
    let events = bytes.withUnsafeBytes { all in
      let text = UnsafeRawBufferPointer(rebasing: all[..<count])
      var documents = EventDocuments(text, using: JSONParser())
      var events: [Range<Int>] = []
      do throws(EventDocuments.Fault) {
        while let range = try documents.next() {
          events.append(range)
          problems.look(at: Array(text[range]), reader, judges) { offset in
            let (line, column) = documents.place(of: range.lowerBound + offset)
            return "\(name):\(line):\(column)"
          }
        }
      } catch {
        // What comes behind it cannot be told apart any more.
        problems.add("\(name):\(error.line):\(error.column): \(error.sentence)")
        problems.isNotJSON = true
      }
      return events
    }
    return File(bytes: bytes, events: events)
  }

  /// What is wrong with the events.
  private struct Problems {
    private var sentences: [String] = []
    private var count = 0
    var isNotJSON = false

    mutating func add(_ sentence: String) {
      count += 1
      if sentences.count < EventInput.mostProblems { sentences.append(sentence) }
    }

    mutating func look(
      at event: [UInt8], _ reader: EventReader, _ judges: Bool, place: (Int) -> String
    ) {
      do throws(Rejection) {
        _ = try judges ? reader.read(event) : reader.readUnjudged(event)
      } catch {
        let syntax: [ReasonCode] = [.notJSON, .tooDeep, .numberOutOfRange, .invalidUTF8]
        if syntax.contains(error.code) { isNotJSON = true }
        add(
          "\(place(error.offset ?? 0)): \(error.code.rawValue): \(error.path): \(error.detail)")
      }
    }

    func check() throws {
      guard count > 0 else { return }
      var lines = sentences
      if count > lines.count { lines.append("and \(count - lines.count) more") }
      lines.append(
        isNotJSON
          ? "nothing was published; --raw sends a file as one message, whatever is in it"
          : "nothing was published; --no-validate sends them all the same, and they will park")
      throw CommandFailure(lines.joined(separator: "\n"), .data)
    }
  }
}
