import JSON
import Messages

// Where the elements of a message stand in it, as whoever looks at its body finds them.
extension OpenMessage {
  /// Why a translated element is no event, if that is known.
  func refusal(of element: Range<Int>) -> Rejection? {
    guard !origins.isEmpty, let index = self.index(of: element) else { return nil }
    return origins[index].refusal
  }

  /// What the parser says of an element, with its line in the message's body. The lines of a
  /// translated event are nowhere in that.
  mutating func rejection(_ error: JSONError, _ element: Range<Int>) -> Rejection {
    guard origins.isEmpty else {
      var rejection = Rejection(error)
      rejection.detail = error.detail
      return rejection
    }
    let (line, column) = lineAndColumn(of: element.lowerBound + error.offset)
    return Rejection(
      JSONError(
        code: error.code, offset: error.offset, line: line, column: column, path: error.path,
        detail: error.detail))
  }

  /// A rejection of an element as one of the message's body: its path, byte and line are those
  /// that whoever looks at the message finds. Of a compressed body they are those in its content.
  mutating func placed(_ rejection: Rejection, _ element: Range<Int>) -> Rejection {
    let start = text.lowerBound
    guard let index = self.index(of: element) else {
      var result = rejection
      if let offset = rejection.offset {
        result.offset = max(element.lowerBound, start) - start + offset
      }
      if isEnveloped { result.path = path(rejection.path, behind: MassTransit.path) }
      return result
    }
    let source = self.source(of: element)
    var result = rejection
    // The bytes of a translated event are nowhere in the body.
    let isOfBody = origins.isEmpty || origins[index].refusal != nil
    result.offset = source.lowerBound - start + (isOfBody ? rejection.offset ?? 0 : 0)
    if rejection.offset == nil, isOfBody, !isBatch { result.offset = nil }
    switch notation {
    case .json: result.path = path(rejection.path, behind: "\(root)[\(index)]")
    case .events:
      result.path = path(rejection.path, behind: "\(root).events[\(index)]")
    case .lines:
      let line = lineAndColumn(of: source.lowerBound).line
      result.path = "line \(line): \(rejection.path)"
    case .cloudEvents, .binaryCloudEvent:
      let isBinary = notation == .binaryCloudEvent
      if !isOfBody {
        result.path = CloudEvent.sourcePath(rejection.path, isBinary: isBinary)
      } else if isBinary {
        result.path = CloudEvent.binaryPath(rejection.path)
      }
      if result.path.hasPrefix("cloudEvents:") { result.offset = nil }
      if isBatch { result.path = path(result.path, behind: "$[\(index)]") }
    case .xml:
      let (line, column) = lineAndColumn(of: source.lowerBound)
      result.detail = "line \(line), column \(column): \(rejection.detail)"
      if isBatch { result.path = path(rejection.path, behind: "$[\(index)]") }
    }
    return result
  }

  private var root: String { isEnveloped ? MassTransit.path : "$" }

  private func path(_ path: String, behind place: String) -> String {
    path.hasPrefix("$") ? place + path.dropFirst() : path
  }

  private mutating func lineAndColumn(of offset: Int) -> (line: Int, column: Int) {
    let storage = message.storage
    let start = text.lowerBound
    return storage.withPart(text) { lines.place(of: offset - start, in: $0) }
  }

  /// The content type of one of its elements alone.
  var elementContentType: [UInt8] {
    switch notation {
    case .json, .events, .lines: EngineNames.json
    case .cloudEvents, .binaryCloudEvent: EngineNames.cloudEvent
    case .xml: EngineNames.xml
    }
  }
}
