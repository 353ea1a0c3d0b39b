import Testing

@testable import AMQP

extension ConnectionMachine {
  /// Feeds bytes as the socket would bring them: everything that is decided, flattened. Stops when
  /// the connection is over.
  mutating func feed(_ input: [UInt8]) -> [ConnectionAction] {
    var actions: [ConnectionAction] = []
    var used = 0
    while state != .closed {
      let step: (ConnectionAction, Int)? = input.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
        switch FrameScanner.next(in: rest, maximumBytes: frameMaxBytes) {
        case .needsMore: return nil
        case .malformed(let error): return (violation(error), input.count - used)
        case .frame(let frame, let length): return (receive(frame), length)
        }
      }
      guard let (action, length) = step else { break }
      used += length
      actions += action.flat
    }
    return actions
  }

  /// A machine that has logged in and whose work channel is ready, in epoch 1.
  static func ready(
    publishes: Bool = false, consumers: [Consumer] = [], maximumBodyBytes: Int = 1 << 20,
    channelMax: UInt16 = ConnectionMachine.controlChannel, brokerChannelMax: UInt16 = 2047
  ) -> ConnectionMachine {
    var plan = ConnectionPlan(login: .plain(username: "u", password: "p"))
    plan.publishes = publishes
    plan.consumers = consumers
    plan.maximumBodyBytes = maximumBodyBytes
    plan.channelMax = channelMax
    var machine = ConnectionMachine(plan: plan)
    _ = machine.connected()
    _ = machine.receive(.start(mechanisms: ["PLAIN"]), channel: 0)
    _ = machine.receive(
      .tune(channelMax: brokerChannelMax, frameMax: 131_072, heartbeatSeconds: 60), channel: 0)
    _ = machine.receive(.openOk, channel: 0)
    _ = machine.receive(.channelOpenOk, channel: 1)
    if publishes { _ = machine.receive(.confirmSelectOk, channel: 1) }
    for _ in consumers {
      _ = machine.receive(.qosOk, channel: 1)
      _ = machine.receive(.consumeOk, channel: 1)
    }
    return machine
  }
}

extension ConnectionAction {
  var flat: [ConnectionAction] {
    switch self {
    case .none: []
    case .several(let actions): actions.flatMap(\.flat)
    default: [self]
    }
  }
}

/// `#expect` takes no noncopyable operand, so what a machine says is compared through these.
func expect<T: Equatable>(
  _ actual: T, _ expected: T, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(actual == expected, sourceLocation: sourceLocation)
}

func expect(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(condition, sourceLocation: sourceLocation)
}

func text(_ message: IncomingMessage, _ slice: ByteSlice) -> String? {
  message.text(slice)
}
