import Testing

@testable import AMQP

@Suite struct ContentTests {
  static let consumer = [Consumer(queue: "q", prefetch: 10)]

  /// Every property of the basic class, and two headers.
  static func everyProperty() -> (flags: UInt16, list: [UInt8]) {
    var headers = HeaderWriter()
    headers.append("traceparent", "00-ab-cd-01")
    headers.append("n", Int64(-5))
    headers.append("b", true)
    headers.append("t", timestampSeconds: 99)
    let list = Bytes().shortString("application/json").shortString("gzip")
      .longString(headers.bytes).octet(2).octet(9).shortString("corr").shortString("reply")
      .shortString("60000").shortString("id-1").longLong(1_700_000_000).shortString("type")
      .shortString("guest").shortString("app").shortString("cluster")
    return (0b1111_1111_1111_1100, list.array)
  }

  @Test func `A message comes out the same wherever the input is cut`() {
    let (flags, list) = Self.everyProperty()
    let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let input = Server.deliver(
      1, body: body, redelivered: true, exchange: "meddela.realtime", routingKey: "order",
      flags: flags, properties: list, pieces: 3)
    for cut in 0...input.count {
      var machine = ConnectionMachine.ready(consumers: Self.consumer)
      // The owner keeps what is not a whole frame, as BrokerLink does.
      let whole = Self.wholeFrames(input, upTo: cut)
      let actions =
        machine.feed(Array(input[..<whole])) + machine.feed(Array(input[whole...]))
      guard actions.count == 1, case .message(let message) = actions[0] else {
        Issue.record("cut at \(cut): \(actions)")
        return
      }
      #expect(message.withBody { Array($0) } == body)
      #expect(text(message, message.properties.messageID) == "id-1")
    }
  }

  static func wholeFrames(_ input: [UInt8], upTo cut: Int) -> Int {
    input.withUnsafeBytes { bytes in
      var used = 0
      while case .frame(_, let length) = FrameScanner.next(
        in: UnsafeRawBufferPointer(rebasing: bytes[used..<cut]), maximumBytes: 131_072)
      {
        used += length
      }
      return used
    }
  }

  @Test func `Every property is found, and absent ones are absent`() {
    let (flags, list) = Self.everyProperty()
    var machine = ConnectionMachine.ready(consumers: Self.consumer)
    let actions = machine.feed(
      Server.deliver(
        1, body: [1, 2, 3], exchange: "ex", routingKey: "", flags: flags, properties: list)
        + Server.deliver(2, body: []))
    guard actions.count == 2, case .message(let first) = actions[0],
      case .message(let second) = actions[1]
    else {
      Issue.record("\(actions)")
      return
    }
    let found = first.properties
    #expect(text(first, first.exchange) == "ex")
    #expect(text(first, first.routingKey) == "")
    #expect(text(first, found.contentType) == "application/json")
    #expect(text(first, found.contentEncoding) == "gzip")
    #expect(text(first, found.correlationID) == "corr")
    #expect(text(first, found.replyTo) == "reply")
    #expect(text(first, found.expiration) == "60000")
    #expect(text(first, found.type) == "type")
    #expect(text(first, found.userID) == "guest")
    #expect(text(first, found.appID) == "app")
    #expect(found.timestampSeconds == 1_700_000_000)
    #expect(found.priority == 9)
    #expect(found.deliveryMode == 2)
    first.withBytes(found.headers) { bytes in
      guard let bytes else {
        Issue.record("no headers")
        return
      }
      let table = HeaderTable(entries: bytes)
      #expect(table.text("traceparent") == "00-ab-cd-01")
      guard case .integer(-5) = table["n"], case .boolean(true) = table["b"],
        case .timestampSeconds(99) = table["t"], case nil = table["absent"]
      else {
        Issue.record("headers differ")
        return
      }
      var raw: [UInt8] = []
      table.forEach { raw += Array($2) }
      #expect(raw == Array(bytes))
    }
    #expect(first.bodyCount == 3)
    #expect(first.storage.count >= first.bodyCount + 64)
    #expect(second.properties == MessageProperties())
    #expect(second.bodyCount == 0)
    #expect(second.deliveryTag == 2)
  }

  @Test func `An oversized message is drained, told, and followed by the next`() {
    var machine = ConnectionMachine.ready(consumers: Self.consumer, maximumBodyBytes: 100)
    let large = [UInt8](repeating: 7, count: 101)
    let actions = machine.feed(
      Server.deliver(
        1, body: large, flags: 1 << 7, properties: Bytes().shortString("big").array, pieces: 5)
        + Server.deliver(2, body: Array(large.dropFirst())))
    guard actions.count == 2, case .event(.oversized(let oversized)) = actions[0],
      case .message(let message) = actions[1]
    else {
      Issue.record("\(actions)")
      return
    }
    #expect(oversized.bodyBytes == 101)
    #expect(oversized.envelope.deliveryTag == 1)
    #expect(oversized.envelope.storage.count < 100)
    #expect(text(oversized.envelope, oversized.envelope.properties.messageID) == "big")
    #expect(message.bodyCount == 100)
  }

  @Test func `A return is told before the confirm that follows it`() {
    var machine = ConnectionMachine.ready(publishes: true)
    machine.published(token: 77)
    let returned = machine.feed(Server.returned(messageID: "m-1", body: [1, 2, 3]))
    guard returned.count == 1, case .event(.returned(let message)) = returned[0] else {
      Issue.record("\(returned)")
      return
    }
    #expect(message.replyCode == 312)
    #expect(text(message.message, message.message.properties.messageID) == "m-1")
    expect(machine.confirmedTokens.isEmpty)
    expect(machine.feed(Server.ack(1)), [])
    expect(machine.confirmedTokens, [77])
  }

  @Test func `A published message reads back the same, in frames no larger than agreed`() throws {
    let body = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
    for split in [0, 1, 4080, 4088, 4089, 9_999, 10_000] {
      let frames = try PublishedFrames(body: body, split: split, frameMaxBytes: 4096)
      #expect(frames.largest <= 4096)
      #expect(frames.body == body)
      #expect(frames.exchange == "ex")
      #expect(frames.routingKey == "rk")
      let scanned = frames.properties
      #expect(scanned.timestampSeconds == 12)
      #expect(scanned.priority == 3)
      #expect(scanned.deliveryMode == 2)
    }
  }

  @Test func `A property above 255 bytes is an error and writes nothing`() {
    #expect(throws: AMQPError.self) {
      try PublishedFrames(
        body: [], split: 0, frameMaxBytes: 4096, messageID: String(repeating: "i", count: 256))
    }
    #expect(throws: AMQPError.self) {
      try PublishedFrames(
        body: [], split: 0, frameMaxBytes: 4096, headerBytes: 5000)
    }
  }
}
