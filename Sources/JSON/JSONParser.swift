internal import CSimdJSON
internal import Glibc

/// Spare bytes that must be readable after a document in memory. Their content does not matter.
package let jsonPadding = 64

/// Parses JSON documents, one at a time, with simdjson. Owns the buffers it parses into and uses
/// them again, so it does not allocate once it has seen a document of each size. One thread uses
/// it at a time.
package final class JSONParser {
  /// Most containers inside each other.
  package let maxDepth: Int
  /// Most bytes of a document.
  package let maxBytes: Int

  private let parser: OpaquePointer?
  private let document: UnsafeMutablePointer<JSONDocument>
  private var copy: UnsafeMutableRawBufferPointer

  /// Offsets are 32-bit, which bounds every document whatever the caller asks for.
  private static let mostBytes = 1 << 30

  /// - Parameters:
  ///   - maxDepth: most containers inside each other: `[[1]]` is 2. At least 1, at most 1024.
  ///   - maxBytes: most bytes of a document; at most 1 GiB.
  package init(maxDepth: Int = 64, maxBytes: Int = 16 << 20) {
    precondition((1...1024).contains(maxDepth), "the depth limit is between 1 and 1024")
    precondition((1...Self.mostBytes).contains(maxBytes), "the size limit is at most 1 GiB")
    self.maxDepth = maxDepth
    self.maxBytes = maxBytes
    self.parser = csimdjson_create(UInt32(maxDepth))
    self.document = .allocate(capacity: 1)
    self.copy = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  deinit {
    csimdjson_destroy(parser)
    document.deallocate()
    copy.deallocate()
  }

  /// Parses a document that at least `jsonPadding` readable bytes follow in memory. Does not
  /// copy it.
  ///
  /// The result is a view: it, and everything reached through it, is valid until the next `parse`
  /// of this parser and while `bytes` and the parser live.
  package func parse(padded bytes: UnsafeRawBufferPointer) throws(JSONError) -> JSONValue {
    guard bytes.count <= maxBytes else { throw tooLarge(bytes.count) }
    guard let parser else { throw noMemory() }
    guard let start = bytes.baseAddress, bytes.count > 0 else { throw fault(in: bytes) }
    var parsed = csimdjson_document()
    let source = start.assumingMemoryBound(to: UInt8.self)
    switch csimdjson_parse(parser, source, UInt32(bytes.count), &parsed) {
    case csimdjson_ok: break
    case csimdjson_no_memory: throw noMemory()
    default: throw fault(in: bytes)
    }
    guard let tape = parsed.tape, let strings = parsed.strings, let offsets = parsed.offsets else {
      throw noMemory()
    }
    document.initialize(
      to: JSONDocument(
        tape: tape, strings: UnsafeRawPointer(strings), source: start, offsets: offsets,
        count: bytes.count))
    return JSONValue(document: UnsafePointer(document), index: 1)
  }

  /// Parses a document after copying it into a padded buffer of the parser's own.
  ///
  /// The result is a view, valid until the next `parse` of this parser and while it lives.
  package func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    try parse(copying: bytes.span.bytes)
  }

  /// Parses a document after copying it into a padded buffer of the parser's own.
  ///
  /// The result is a view, valid until the next `parse` of this parser and while it lives.
  package func parse(copying bytes: RawSpan) throws(JSONError) -> JSONValue {
    let count = bytes.byteCount
    guard count <= maxBytes else { throw tooLarge(count) }
    if copy.count < count + jsonPadding {
      copy.deallocate()
      copy = .allocate(byteCount: max(4096, count * 2) + jsonPadding, alignment: 8)
      // The spare bytes are read, though never used: let them be defined.
      copy.initializeMemory(as: UInt8.self, repeating: 0)
    }
    bytes.withUnsafeBytes { copy.copyMemory(from: $0) }
    return try parse(padded: UnsafeRawBufferPointer(rebasing: copy[..<count]))
  }

  /// Parses a copy of a document and hands its view to `body`, during which it is valid. For code
  /// that does not keep its parser: a view dies with it.
  package func withDocument<Result>(
    _ bytes: [UInt8], _ body: (JSONValue) throws -> Result
  ) throws -> Result {
    let root = try parse(copying: bytes.span.bytes)
    return try withExtendedLifetime(self) { try body(root) }
  }

  /// simdjson says that the document is wrong, not where: the scanner finds the place.
  private func fault(in bytes: UnsafeRawBufferPointer) -> JSONError {
    var scanner = JSONScanner(bytes, maxDepth: maxDepth)
    return scanner.firstError()
      ?? JSONError(
        code: .syntax, offset: 0, line: 1, column: 1, path: "$",
        detail: "the document is not JSON that can be accepted")
  }

  private func tooLarge(_ count: Int) -> JSONError {
    JSONError(
      code: .tooLarge, offset: maxBytes, line: 1, column: 1, path: "$",
      detail: "the document has \(count) bytes; at most \(maxBytes) are accepted")
  }

  private func noMemory() -> JSONError {
    JSONError(
      code: .noMemory, offset: 0, line: 1, column: 1, path: "$",
      detail: "there is no memory to parse the document")
  }
}
