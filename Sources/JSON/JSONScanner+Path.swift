extension JSONScanner {
  /// The most bytes of a name that a path shows, and the most characters of a path: a path goes
  /// into headers and logs, and names come from outside.
  private static let mostNameBytes = 64
  private static let mostPathCharacters = 512

  func error(_ fault: Fault) -> JSONError {
    let (line, column) = JSONError.lineAndColumn(of: fault.offset, in: bytes)
    return JSONError(
      code: fault.code, offset: fault.offset, line: line, column: column, path: path,
      detail: fault.detail)
  }

  /// The value that `position` is in, as in `$.ctx.lines[3].price`.
  private var path: String {
    var path = "$"
    for frame in frames {
      guard path.utf8.count < Self.mostPathCharacters else { return path + "…" }
      if !frame.isObject {
        path += "[\(frame.index)]"
      } else if let name = frame.name {
        path += Self.step(UnsafeRawBufferPointer(rebasing: bytes[name]))
      }
    }
    return path
  }

  /// `.name`, or `["odd name"]` with the name as it is written in the source.
  private static func step(_ name: UnsafeRawBufferPointer) -> String {
    let isPlain =
      !name.isEmpty && name.count <= mostNameBytes
      && name.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
    if isPlain { return "." + String(decoding: name, as: UTF8.self) }
    if name.count <= mostNameBytes { return "[\"\(String(decoding: name, as: UTF8.self))\"]" }
    return "[\"\(String(decoding: name.prefix(mostNameBytes), as: UTF8.self))…\"]"
  }
}
