package import JSON

/// The envelope that MassTransit puts around a message (`application/vnd.masstransit+json`):
/// the message is its member `message`.
package enum MassTransit {
  /// What an error's path in the message begins with, in place of `$`.
  package static let path = "$.message"

  /// Where the message stands in the body: the member `message`, or all of it when the body is no
  /// envelope but the event itself, which some of its serializers send under the same type.
  ///
  /// - Parameters:
  ///   - body: at least `jsonPadding` readable bytes follow it in memory.
  ///   - parser: views of it die.
  package static func message(
    in body: UnsafeRawBufferPointer, using parser: JSONParser
  ) throws(Rejection) -> Range<Int> {
    let root: JSONValue
    do throws(JSONError) {
      root = try parser.parse(padded: body)
    } catch {
      throw Rejection(error)
    }
    if let message = root["message"], message.kind == .object || message.kind == .array {
      return message.range
    }
    guard root["id"] != nil || root.kind == .array else {
      throw Rejection(
        code: .missingField, path: path, offset: root.offset,
        detail: "expected the event, as an object: MassTransit's envelope has it there")
    }
    return 0..<body.count
  }
}
