internal import CRabbitMQ

/// Turns a method frame into a `ServerMethod`, by the library's decoder.
struct MethodDecoder {
  private let pool = MethodPool()

  /// - Parameter arguments: the frame's payload after the method's number.
  /// - Returns: nil when the arguments are malformed.
  func decode(_ number: UInt32, _ arguments: UnsafeRawBufferPointer) -> ServerMethod? {
    // The only method a broker sends with a table in it: checked before the recursive decoder.
    if number == AMQP_CONNECTION_START_METHOD {
      var reader = ByteReader(arguments)
      guard reader.skip(2), let table = reader.longString(),
        TableScanner.depthIsWithin(AMQPLimits.tableDepth, entries: table)
      else { return nil }
    }
    return pool.withPool { pool in
      let encoded = amqp_bytes_t(
        len: arguments.count, bytes: UnsafeMutableRawPointer(mutating: arguments.baseAddress))
      var decoded: UnsafeMutableRawPointer?
      let status = amqp_decode_method(number, pool, encoded, &decoded)
      if status == AMQP_STATUS_UNKNOWN_METHOD.rawValue { return .unknown(number) }
      guard status == 0, let decoded else { return nil }
      return Self.method(number, decoded)
    }
  }

  private static func method(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> ServerMethod {
    func fields<T>(_: T.Type) -> T { decoded.load(as: T.self) }
    switch number {
    case AMQP_CONNECTION_START_METHOD:
      let mechanisms = fields(amqp_connection_start_t.self).mechanisms.text(limit: 1024)
      return .start(mechanisms: mechanisms.split(separator: " ").map(String.init))
    case AMQP_CONNECTION_SECURE_METHOD: return .secure
    case AMQP_CONNECTION_TUNE_METHOD:
      let tune = fields(amqp_connection_tune_t.self)
      return .tune(
        channelMax: tune.channel_max, frameMax: tune.frame_max, heartbeatSeconds: tune.heartbeat)
    case AMQP_CONNECTION_OPEN_OK_METHOD: return .openOk
    case AMQP_CONNECTION_CLOSE_METHOD:
      let close = fields(amqp_connection_close_t.self)
      return .close(code: close.reply_code, text: close.reply_text.text())
    case AMQP_CONNECTION_CLOSE_OK_METHOD: return .closeOk
    case AMQP_CONNECTION_BLOCKED_METHOD:
      return .blocked(reason: fields(amqp_connection_blocked_t.self).reason.text())
    case AMQP_CONNECTION_UNBLOCKED_METHOD: return .unblocked
    case AMQP_CHANNEL_OPEN_OK_METHOD: return .channelOpenOk
    case AMQP_CHANNEL_FLOW_METHOD:
      return .channelFlow(isActive: fields(amqp_channel_flow_t.self).active != 0)
    case AMQP_CHANNEL_CLOSE_METHOD:
      let close = fields(amqp_channel_close_t.self)
      return .channelClose(code: close.reply_code, text: close.reply_text.text())
    case AMQP_CHANNEL_CLOSE_OK_METHOD: return .channelCloseOk
    case AMQP_CONFIRM_SELECT_OK_METHOD: return .confirmSelectOk
    case AMQP_BASIC_QOS_OK_METHOD: return .qosOk
    case AMQP_BASIC_CONSUME_OK_METHOD: return .consumeOk
    case AMQP_BASIC_CANCEL_METHOD: return .cancel
    case AMQP_BASIC_CANCEL_OK_METHOD: return .cancelOk
    case AMQP_BASIC_GET_EMPTY_METHOD: return .getEmpty
    default: return topologyAnswer(number, decoded)
    }
  }

  private static func topologyAnswer(
    _ number: UInt32, _ decoded: UnsafeMutableRawPointer
  ) -> ServerMethod {
    switch number {
    case AMQP_QUEUE_DECLARE_OK_METHOD:
      let declared = decoded.load(as: amqp_queue_declare_ok_t.self)
      return .topologyOk(
        .queue(
          messages: Int(declared.message_count), consumers: Int(declared.consumer_count)))
    case AMQP_QUEUE_DELETE_OK_METHOD:
      let messages = decoded.load(as: amqp_queue_delete_ok_t.self).message_count
      return .topologyOk(.queue(messages: Int(messages), consumers: 0))
    case AMQP_QUEUE_PURGE_OK_METHOD:
      let messages = decoded.load(as: amqp_queue_purge_ok_t.self).message_count
      return .topologyOk(.queue(messages: Int(messages), consumers: 0))
    case AMQP_EXCHANGE_DECLARE_OK_METHOD, AMQP_EXCHANGE_BIND_OK_METHOD,
      AMQP_EXCHANGE_UNBIND_OK_METHOD, AMQP_EXCHANGE_DELETE_OK_METHOD, AMQP_QUEUE_BIND_OK_METHOD,
      AMQP_QUEUE_UNBIND_OK_METHOD:
      return .topologyOk(.done)
    default:
      return .unknown(number)
    }
  }
}
