internal import CRabbitMQ

extension MethodEncoder {
  /// Encodes one operation on exchanges, queues and bindings.
  static func topology(
    _ operation: TopologyOperation, _ pool: UnsafeMutablePointer<amqp_pool_t>,
    _ space: amqp_bytes_t
  ) -> (number: UInt32, size: Int32) {
    switch operation {
    case .declareExchange, .assertExchange, .bindExchange, .unbindExchange, .deleteExchange:
      return exchange(operation, pool, space)
    case .declareQueue(let name, let isDurable, let isExclusive, let isAutoDelete, let arguments):
      var declare = amqp_queue_declare_t()
      declare.queue = pool.copy(name)
      declare.durable = isDurable ? 1 : 0
      declare.exclusive = isExclusive ? 1 : 0
      declare.auto_delete = isAutoDelete ? 1 : 0
      declare.arguments = pool.table(arguments)
      return space.encode(AMQP_QUEUE_DECLARE_METHOD, declare)
    case .assertQueue(let name):
      var declare = amqp_queue_declare_t()
      declare.queue = pool.copy(name)
      declare.passive = 1
      return space.encode(AMQP_QUEUE_DECLARE_METHOD, declare)
    case .bindQueue(let queue, let exchange, let routingKey, let arguments):
      var bind = amqp_queue_bind_t()
      bind.queue = pool.copy(queue)
      bind.exchange = pool.copy(exchange)
      bind.routing_key = pool.copy(routingKey)
      bind.arguments = pool.table(arguments)
      return space.encode(AMQP_QUEUE_BIND_METHOD, bind)
    case .unbindQueue(let queue, let exchange, let routingKey, let arguments):
      var unbind = amqp_queue_unbind_t()
      unbind.queue = pool.copy(queue)
      unbind.exchange = pool.copy(exchange)
      unbind.routing_key = pool.copy(routingKey)
      unbind.arguments = pool.table(arguments)
      return space.encode(AMQP_QUEUE_UNBIND_METHOD, unbind)
    case .deleteQueue(let name):
      var delete = amqp_queue_delete_t()
      delete.queue = pool.copy(name)
      return space.encode(AMQP_QUEUE_DELETE_METHOD, delete)
    case .purgeQueue(let name):
      var purge = amqp_queue_purge_t()
      purge.queue = pool.copy(name)
      return space.encode(AMQP_QUEUE_PURGE_METHOD, purge)
    case .checkReading(let queue):
      var consume = amqp_basic_consume_t()
      consume.queue = pool.copy(queue)
      consume.arguments = pool.table([Argument("x-priority", .string("none"))])
      return space.encode(AMQP_BASIC_CONSUME_METHOD, consume)
    }
  }

  private static func exchange(
    _ operation: TopologyOperation, _ pool: UnsafeMutablePointer<amqp_pool_t>,
    _ space: amqp_bytes_t
  ) -> (number: UInt32, size: Int32) {
    switch operation {
    case .declareExchange(let name, let type, let isInternal, let arguments):
      var declare = amqp_exchange_declare_t()
      declare.exchange = pool.copy(name)
      declare.type = pool.copy(type)
      declare.durable = 1
      declare.internal = isInternal ? 1 : 0
      declare.arguments = pool.table(arguments)
      return space.encode(AMQP_EXCHANGE_DECLARE_METHOD, declare)
    case .assertExchange(let name):
      var declare = amqp_exchange_declare_t()
      declare.exchange = pool.copy(name)
      declare.passive = 1
      return space.encode(AMQP_EXCHANGE_DECLARE_METHOD, declare)
    case .bindExchange(let destination, let source, let routingKey, let arguments):
      var bind = amqp_exchange_bind_t()
      bind.destination = pool.copy(destination)
      bind.source = pool.copy(source)
      bind.routing_key = pool.copy(routingKey)
      bind.arguments = pool.table(arguments)
      return space.encode(AMQP_EXCHANGE_BIND_METHOD, bind)
    case .unbindExchange(let destination, let source, let routingKey, let arguments):
      var unbind = amqp_exchange_unbind_t()
      unbind.destination = pool.copy(destination)
      unbind.source = pool.copy(source)
      unbind.routing_key = pool.copy(routingKey)
      unbind.arguments = pool.table(arguments)
      return space.encode(AMQP_EXCHANGE_UNBIND_METHOD, unbind)
    case .deleteExchange(let name):
      var delete = amqp_exchange_delete_t()
      delete.exchange = pool.copy(name)
      return space.encode(AMQP_EXCHANGE_DELETE_METHOD, delete)
    default:
      preconditionFailure("Not an operation on an exchange")
    }
  }
}
