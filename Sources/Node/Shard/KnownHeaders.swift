internal import AMQP
internal import Execution
internal import Messages

/// The headers of an incoming message that the engine looks at: where the values of texts stand.
/// What is longer than its limit, or no text, is as good as absent.
struct KnownHeaders {
  private(set) var traceParent = ByteRange.none
  private(set) var traceState = ByteRange.none
  /// kombu's word on how the body is compressed.
  private(set) var compression = ByteRange.none
  /// How the attributes of a CloudEvent in binary mode are named; nil when it is none.
  private(set) var cloudEvents: CloudEventHeaders.Form?

  /// - Parameter bytes: the message's storage, which the table is in.
  init(_ table: HeaderTable, in bytes: UnsafeRawBufferPointer) {
    table.forEach { name, value, _ in
      switch name.count {
      case 11 where traceParent.isEmpty && name.elementsEqual("traceparent".utf8):
        traceParent = Self.place(value, bytes, atMost: MessageLimits.traceParentBytes)
      case 10 where traceState.isEmpty && name.elementsEqual("tracestate".utf8):
        traceState = Self.place(value, bytes, atMost: MessageLimits.traceStateBytes)
      case 11 where compression.isEmpty && name.elementsEqual("compression".utf8):
        compression = Self.place(value, bytes, atMost: MessageLimits.shortStringBytes)
      default:
        if let form = CloudEventHeaders.Form(begunBy: name), cloudEvents != .prefixed {
          cloudEvents = form
        }
      }
    }
  }

  private static func place(
    _ value: HeaderTable.Value, _ bytes: UnsafeRawBufferPointer, atMost limit: Int
  ) -> ByteRange {
    guard case .bytes(let value) = value, value.count <= limit, let start = value.baseAddress,
      let base = bytes.baseAddress
    else { return .none }
    return ByteRange(offset: start - base, count: value.count)
  }
}
