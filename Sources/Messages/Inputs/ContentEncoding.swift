/// What `content_encoding` says of a body, and the header `compression` that kombu sets in its
/// place: how often it is compressed. Names of UTF-8 say nothing, many clients set them.
package struct ContentEncoding: Equatable, Sendable {
  /// How many times the body is compressed. Clients name several in either order, so that what
  /// each one is tells the packed bytes themselves.
  package private(set) var layers = 0
  /// Whether one may be deflate without a header around it, which nothing tells but this name.
  package private(set) var mayBeRaw = false

  /// More would be an attack.
  private static let mostLayers = 4

  /// - Parameters:
  ///   - contentEncoding: the property; one name or several with `,` or `:` between them (Spring
  ///     writes `gzip:UTF-8`). Empty for none.
  ///   - compression: the header of kombu; empty for none.
  /// - Throws: when a name is not one that can be read.
  package init(
    contentEncoding: UnsafeRawBufferPointer, compression: UnsafeRawBufferPointer
  ) throws(Rejection) {
    var rest = contentEncoding[...]
    while !rest.isEmpty {
      let end = rest.firstIndex { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") }
      let name = rest[..<(end ?? rest.endIndex)]
      rest = end.map { rest[($0 + 1)...] } ?? rest[rest.endIndex...]
      try add(name.trimmed, of: "content_encoding")
    }
    if compression.count > 0 { try add(compression[...].trimmed, of: "compression") }
    guard layers <= Self.mostLayers else {
      throw Rejection(
        code: .unsupportedContentType, path: "content_encoding", offset: nil,
        detail: "expected a body that is compressed at most \(Self.mostLayers) times")
    }
  }

  private mutating func add(
    _ name: Slice<UnsafeRawBufferPointer>, of property: String
  ) throws(Rejection) {
    if name.isEmpty || name.saysNothing { return }
    if name.equals("gzip") || name.equals("x-gzip") || name.equals("application/gzip")
      || name.equals("application/x-gzip")
    {
      layers += 1
    } else if name.equals("deflate") || name.equals("zip") || name.equals("zlib") {
      layers += 1
      mayBeRaw = true
    } else {
      throw Rejection(
        code: .unsupportedContentType, path: property, offset: nil,
        detail: "expected gzip, deflate or a name of UTF-8; \"\(name.shown)\" is not read")
    }
  }
}

extension Slice<UnsafeRawBufferPointer> {
  /// Without the blanks around it.
  fileprivate var trimmed: Self {
    var result = drop { $0 == 0x20 || $0 == 0x09 }
    while let last = result.last, last == 0x20 || last == 0x09 { result.removeLast() }
    return result
  }

  /// A name of UTF-8, or of bytes as they are.
  fileprivate var saysNothing: Bool {
    equals("utf-8") || equals("utf8") || equals("us-ascii") || equals("ascii")
      || equals("identity") || equals("binary") || equals("8bit") || equals("7bit")
  }

  /// A name for people: its first printable ASCII characters.
  fileprivate var shown: String {
    String(decoding: prefix(40).map { 0x21...0x7E ~= $0 ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }
}
