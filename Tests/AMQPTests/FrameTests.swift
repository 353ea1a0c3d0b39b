import TestSupport
import Testing

@testable import AMQP

@Suite struct FrameTests {
  @Test func `A frame with a wrong end, an unknown type or too large a size is malformed`() {
    var good = Server.ack(1)
    #expect(Self.code(good) == nil)
    good[good.count - 1] = 0
    #expect(Self.code(good) == .malformedFrame)
    #expect(Self.code([9, 0, 0, 0, 0, 0, 0, 0xCE]) == .malformedFrame)
    #expect(Self.code(Array("AMQP\u{1}\u{1}\u{0}\u{9}".utf8)) == .unsupportedProtocol)
    #expect(Self.code(Array("HTTP/1.1 400".utf8)) == .malformedFrame)
    #expect(Self.code([1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]) == .malformedFrame)
  }

  static func code(_ input: [UInt8]) -> AMQPError.Code? {
    input.withUnsafeBytes { bytes in
      guard case .malformed(let error) = FrameScanner.next(in: bytes, maximumBytes: 4096) else {
        return nil
      }
      return error.code
    }
  }

  @Test func `A table nested too deep is refused before it is decoded`() {
    func nested(_ depth: Int) -> [UInt8] {
      var table: [UInt8] = []
      for _ in 0..<depth {
        table = Bytes().shortString("k").octet(UInt8(ascii: "F")).longString(table).array
      }
      return table
    }
    var deep = ConnectionMachine(plan: ConnectionPlan(login: .external))
    _ = deep.connected()
    let actions = deep.feed(Server.start("EXTERNAL", table: nested(5_000)))
    guard case .event(.closed(let error?, _)) = actions.last else {
      Issue.record("\(actions)")
      return
    }
    #expect(error.code == .malformedFrame)
    var shallow = ConnectionMachine(plan: ConnectionPlan(login: .external))
    _ = shallow.connected()
    expect(shallow.feed(Server.start("EXTERNAL", table: nested(10))).count, 1)
  }

  @Test func `Confirming what was never published ends the connection`() {
    for bytes in [Server.ack(2), Server.nack(9, multiple: true), Server.ack(0)] {
      var machine = ConnectionMachine.ready(publishes: true)
      machine.published(token: 1)
      let actions = machine.feed(bytes)
      #expect(actions.first == .send(.close(code: 505, text: "protocol violation"), channel: 0))
      expect(machine.state, .closed)
    }
  }

  @Test func `A delivery tag out of sequence ends the connection and allocates nothing`() {
    var machine = ConnectionMachine.ready(consumers: ContentTests.consumer)
    _ = machine.feed(Server.deliver(UInt64.max, body: [1]))
    expect(machine.state, .closed)
  }

  @Test(arguments: 0..<40)
  func `Random damage never traps`(round: Int) {
    let seed = UInt64(round) &* 7919 &+ 13
    var random = SeededRandom(seed)
    let (flags, list) = ContentTests.everyProperty()
    let valid =
      Server.deliver(1, body: Array(0..<200), flags: flags, properties: list, pieces: 2)
      + Server.ack(1) + Server.returned(messageID: "m", body: [1, 2, 3]) + Server.nack(2)
      + Server.deliver(2, body: []) + Bytes.method(0, 10, 60, Bytes().shortString("low"))
      + Bytes.method(0, 10, 61, Bytes())
      + Bytes.method(1, 60, 30, Bytes().shortString("c").octet(1))
      + Bytes.method(1, 20, 40, Bytes().short(404).shortString("gone").short(0).short(0))
      + Bytes.method(0, 10, 50, Bytes().short(320).shortString("bye").short(0).short(0))
      + Server.start()
    for _ in 0..<300 {
      var input = valid
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let at = Int.random(in: 0..<input.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: input[at] = UInt8.random(in: 0...255, using: &random)
        case 1: input[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 2: input.remove(at: at)
        default: input.insert(UInt8.random(in: 0...255, using: &random), at: at)
        }
      }
      var machine = ConnectionMachine.ready(publishes: true, consumers: ContentTests.consumer)
      for token in UInt64(1)...3 { machine.published(token: token) }
      for action in machine.feed(input) {
        guard case .message(let message) = action else { continue }
        let all = message.properties
        for slice in [all.contentType, all.headers, all.messageID, all.type, message.exchange] {
          message.withBytes(slice) { bytes in
            HeaderTable(entries: bytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
              .forEach { _, _, _ in }
          }
        }
      }
    }
  }
}
