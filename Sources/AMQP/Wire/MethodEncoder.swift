internal import CRabbitMQ
internal import NIOCore

/// Writes control methods as frames, by the library's encoder.
struct MethodEncoder {
  private let pool = MethodPool()
  private static let reservedBytes = 32 << 10

  /// Appends one method frame to the buffer.
  ///
  /// - Throws: `invalidOption` when a name is longer than 255 bytes or the arguments do not fit.
  func write(
    _ method: ClientMethod, channel: UInt16, into buffer: inout ByteBuffer
  ) throws(AMQPError) {
    var failed = false
    _ = pool.withPool { pool in
      buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.reservedBytes) { memory in
        let start = FrameScanner.headerBytes + 4
        let space = amqp_bytes_t(
          len: Self.reservedBytes - start - 1, bytes: memory.baseAddress?.advanced(by: start))
        let (number, size) = Self.encode(method, pool, space)
        guard size >= 0 else {
          failed = true
          return 0
        }
        var writer = RawWriter(memory)
        writer.frameHeader(.method, channel, Int(size) + 4)
        writer.integer(number)
        memory[start + Int(size)] = FrameScanner.endOctet
        return start + Int(size) + 1
      }
    }
    if failed {
      throw AMQPError(
        .invalidOption, "A call to the broker does not fit the protocol",
        advice: "names have at most 255 bytes")
    }
  }

  /// Appends a heartbeat.
  static func writeHeartbeat(into buffer: inout ByteBuffer) {
    buffer.writeBytes([8, 0, 0, 0, 0, 0, 0, FrameScanner.endOctet])
  }

  private static func encode(
    _ method: ClientMethod, _ pool: UnsafeMutablePointer<amqp_pool_t>, _ space: amqp_bytes_t
  ) -> (number: UInt32, size: Int32) {
    switch method {
    case .startOk(let start):
      return space.encode(AMQP_CONNECTION_START_OK_METHOD, startOk(start, pool))
    case .tuneOk(let channelMax, let frameMax, let heartbeatSeconds):
      return space.encode(
        AMQP_CONNECTION_TUNE_OK_METHOD,
        amqp_connection_tune_ok_t(
          channel_max: channelMax, frame_max: frameMax, heartbeat: heartbeatSeconds))
    case .open(let vhost):
      var open = amqp_connection_open_t()
      open.virtual_host = pool.copy(vhost)
      return space.encode(AMQP_CONNECTION_OPEN_METHOD, open)
    case .close(let code, let text):
      var close = amqp_connection_close_t()
      close.reply_code = code
      close.reply_text = pool.copy(text)
      return space.encode(AMQP_CONNECTION_CLOSE_METHOD, close)
    case .closeOk:
      return space.encode(AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t())
    case .channelOpen:
      return space.encode(AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t())
    case .channelFlowOk(let isActive):
      return space.encode(
        AMQP_CHANNEL_FLOW_OK_METHOD, amqp_channel_flow_ok_t(active: isActive ? 1 : 0))
    case .channelClose(let code, let text):
      var close = amqp_channel_close_t()
      close.reply_code = code
      close.reply_text = pool.copy(text)
      return space.encode(AMQP_CHANNEL_CLOSE_METHOD, close)
    case .channelCloseOk:
      return space.encode(AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t())
    case .confirmSelect:
      return space.encode(AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t())
    case .topology(let operation):
      return topology(operation, pool, space)
    case .qos, .consume, .cancel, .get, .ack, .nack, .reject:
      return basic(method, pool, space)
    }
  }

  private static func startOk(
    _ start: ClientMethod.StartOk, _ pool: UnsafeMutablePointer<amqp_pool_t>
  ) -> amqp_connection_start_ok_t {
    let capabilities = [
      "authentication_failure_close", "basic.nack", "connection.blocked",
      "consumer_cancel_notify", "exchange_exchange_bindings", "publisher_confirms",
    ]
    let table = pool.table(capabilities.map { ($0, meddela_field_boolean(1)) })
    var fields = amqp_connection_start_ok_t()
    fields.client_properties = pool.table([
      ("product", meddela_field_string(pool.copy(start.product))),
      ("version", meddela_field_string(pool.copy(start.version))),
      ("platform", meddela_field_string(pool.copy("Swift"))),
      ("connection_name", meddela_field_string(pool.copy(start.connectionName))),
      ("capabilities", meddela_field_table(table)),
    ])
    fields.mechanism = pool.copy(start.mechanism)
    fields.response = pool.copy(start.response)
    fields.locale = pool.copy("en_US")
    return fields
  }
}

extension amqp_bytes_t {
  /// Writes a method's fields here, in the layout that rabbitmq-c has for them. The number is the
  /// method's; a negative size means that they do not fit.
  func encode<T: BitwiseCopyable>(_ number: UInt32, _ fields: T) -> (number: UInt32, size: Int32) {
    var fields = fields
    return (number, amqp_encode_method(number, &fields, self))
  }
}
