import Foundation
import JSON
import Messages
import Testing

/// Parses the text as the engine would and calls `body` while the views are valid.
@discardableResult
func withBody<Result>(_ text: String, _ body: (JSONValue) throws -> Result) throws -> Result {
  try withBody(Array(text.utf8), body)
}

/// The same for bytes.
@discardableResult
func withBody<Result>(_ bytes: [UInt8], _ body: (JSONValue) throws -> Result) throws -> Result {
  let parser = JSONParser(
    maxDepth: MessageLimits.documentDepth, maxBytes: MessageLimits.messageBytes)
  return try withExtendedLifetime(parser) {
    try body(try parser.parse(copying: bytes.span.bytes))
  }
}

/// What the event decoder says against the body; nil when it takes it.
func rejection(ofEvent text: String, messageID: String? = nil) throws -> Rejection? {
  try withBody(text) { root in
    do {
      try withBytes(messageID ?? "") { bytes in
        _ = try EventFields.decode(root, messageID: messageID == nil ? nil : bytes)
      }
      return nil
    } catch let error as Rejection {
      return error
    }
  }
}

/// What the delivery log decoder says against the body; nil when it takes it.
func rejection(ofLog text: String) throws -> Rejection? {
  try withBody(text) { root in
    do throws(Rejection) {
      _ = try DeliveryLogFields.decode(root)
      return nil
    } catch {
      return error
    }
  }
}

/// The text's bytes, valid in the call.
func withBytes<Result>(
  _ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result
) rethrows -> Result {
  try Array(text.utf8).withUnsafeBytes { try body($0) }
}

/// The text's bytes as a view that stays valid: for tests only, it is never freed.
func lasting(_ text: String) -> UnsafeRawBufferPointer {
  let bytes = Array(text.utf8)
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
  memory.copyBytes(from: bytes)
  return UnsafeRawBufferPointer(rebasing: memory[..<bytes.count])
}

/// What `body` writes.
func written(_ body: (inout ByteWriter) -> Void) -> String {
  var writer = ByteWriter(capacity: 64)
  body(&writer)
  return writer.withBytes { String(decoding: $0, as: UTF8.self) }
}

/// A time that must be one.
func time(_ text: String) throws -> Timestamp {
  try #require(Timestamp(rfc3339: text), "\(text) is no time")
}

/// One example of the message contract.
struct Example: CustomTestStringConvertible, Sendable {
  let name: String
  let bytes: [UInt8]

  var testDescription: String { name }

  static let repository = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Those of a folder of `schemas/examples`, like `event/valid`, in the order of their names.
  static func all(_ folder: String) -> [Example] {
    let url = repository.appending(path: "schemas/examples/\(folder)")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return names.sorted().compactMap { name in
      guard let data = FileManager.default.contents(atPath: url.appending(path: name).path) else {
        return nil
      }
      return Example(name: "\(folder)/\(name)", bytes: Array(data))
    }
  }
}
