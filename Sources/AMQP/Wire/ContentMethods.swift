/// The methods that arrive with every message, decoded in place. The rest: `ServerMethod`.
struct DeliverMethod {
  let consumerTag: UnsafeRawBufferPointer
  let deliveryTag: UInt64
  let isRedelivered: Bool
  let exchange: UnsafeRawBufferPointer
  let routingKey: UnsafeRawBufferPointer

  /// - Parameter arguments: the method frame's payload after the method's number.
  init?(_ arguments: UnsafeRawBufferPointer) {
    var reader = ByteReader(arguments)
    guard let consumerTag = reader.shortString(), let deliveryTag: UInt64 = reader.read(),
      let bits: UInt8 = reader.read(), let exchange = reader.shortString(),
      let routingKey = reader.shortString()
    else { return nil }
    self.consumerTag = consumerTag
    self.deliveryTag = deliveryTag
    self.isRedelivered = bits & 1 != 0
    self.exchange = exchange
    self.routingKey = routingKey
  }
}

/// `basic.get-ok`: the one message that was asked for.
struct GetOkMethod {
  let deliveryTag: UInt64
  let isRedelivered: Bool
  let exchange: UnsafeRawBufferPointer
  let routingKey: UnsafeRawBufferPointer

  /// What follows, how many messages are left, is old when it comes.
  init?(_ arguments: UnsafeRawBufferPointer) {
    var reader = ByteReader(arguments)
    guard let deliveryTag: UInt64 = reader.read(), let bits: UInt8 = reader.read(),
      let exchange = reader.shortString(), let routingKey = reader.shortString()
    else { return nil }
    self.deliveryTag = deliveryTag
    self.isRedelivered = bits & 1 != 0
    self.exchange = exchange
    self.routingKey = routingKey
  }
}

/// `basic.return`: a mandatory message that no queue took.
struct ReturnMethod {
  let replyCode: UInt16
  let replyText: UnsafeRawBufferPointer
  let exchange: UnsafeRawBufferPointer
  let routingKey: UnsafeRawBufferPointer

  init?(_ arguments: UnsafeRawBufferPointer) {
    var reader = ByteReader(arguments)
    guard let replyCode: UInt16 = reader.read(), let replyText = reader.shortString(),
      let exchange = reader.shortString(), let routingKey = reader.shortString()
    else { return nil }
    self.replyCode = replyCode
    self.replyText = replyText
    self.exchange = exchange
    self.routingKey = routingKey
  }
}

/// `basic.ack` and `basic.nack` from the broker: publisher confirms.
struct ConfirmMethod {
  let deliveryTag: UInt64
  let isMultiple: Bool

  init?(_ arguments: UnsafeRawBufferPointer) {
    var reader = ByteReader(arguments)
    guard let deliveryTag: UInt64 = reader.read(), let bits: UInt8 = reader.read() else {
      return nil
    }
    self.deliveryTag = deliveryTag
    self.isMultiple = bits & 1 != 0
  }
}
