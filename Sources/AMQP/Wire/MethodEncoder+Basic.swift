internal import CRabbitMQ

extension MethodEncoder {
  /// Encodes the methods of consuming and settling.
  static func basic(
    _ method: ClientMethod, _ pool: UnsafeMutablePointer<amqp_pool_t>, _ space: amqp_bytes_t
  ) -> (number: UInt32, size: Int32) {
    switch method {
    case .qos(let prefetch):
      // Prefetch by size is not implemented by RabbitMQ, and global prefetch is refused by 4.3.
      return space.encode(
        AMQP_BASIC_QOS_METHOD,
        amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetch, global: 0))
    case .consume(let queue, let tag, let isExclusive, let arguments):
      var consume = amqp_basic_consume_t()
      consume.queue = pool.copy(queue)
      consume.consumer_tag = pool.copy(tag)
      consume.exclusive = isExclusive ? 1 : 0
      consume.arguments = pool.table(arguments)
      return space.encode(AMQP_BASIC_CONSUME_METHOD, consume)
    case .cancel(let tag):
      return space.encode(
        AMQP_BASIC_CANCEL_METHOD, amqp_basic_cancel_t(consumer_tag: pool.copy(tag), nowait: 0))
    case .get(let queue):
      return space.encode(
        AMQP_BASIC_GET_METHOD,
        amqp_basic_get_t(
          ticket: 0, queue: pool.copy(queue), no_ack: 0))
    case .ack(let deliveryTag, let isMultiple):
      return space.encode(
        AMQP_BASIC_ACK_METHOD,
        amqp_basic_ack_t(delivery_tag: deliveryTag, multiple: isMultiple ? 1 : 0))
    case .nack(let deliveryTag, let requeue):
      return space.encode(
        AMQP_BASIC_NACK_METHOD,
        amqp_basic_nack_t(delivery_tag: deliveryTag, multiple: 0, requeue: requeue ? 1 : 0))
    case .reject(let deliveryTag, let requeue):
      return space.encode(
        AMQP_BASIC_REJECT_METHOD,
        amqp_basic_reject_t(delivery_tag: deliveryTag, requeue: requeue ? 1 : 0))
    default:
      preconditionFailure("Not a method of consuming or settling")
    }
  }
}
