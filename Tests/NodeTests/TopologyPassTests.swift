import AMQP
import Testing

@testable import Node

@Suite struct TopologyPassTests {
  private let operations: [TopologyOperation] = [
    .declareExchange(name: "x", type: "topic"), .declareQueue(name: "q"),
    .bindQueue(queue: "q", exchange: "x", routingKey: "#"), .declareQueue(name: "r"),
  ]

  @Test(arguments: [
    AMQPError.Code.preconditionFailed, .accessRefused, .notFound, .resourceLocked, .callTimeout,
    .brokerError,
  ])
  func `One refusal, or an answer that never comes, keeps nothing else back`(
    code: AMQPError.Code
  ) {
    var pass = TopologyPass(operations)
    var tried: [TopologyOperation] = []
    while let next = pass.next, tried.count < 10 {
      tried.append(next)
      let isRefused = next == .declareQueue(name: "q")
      pass.answered(isRefused ? .failure(AMQPError(code, "no")) : .success([.done]))
    }
    #expect(tried == operations)
    #expect(pass.problems.count == 1)
    #expect(pass.problems.first?.description.contains("queue q") == true)
  }

  @Test(arguments: [AMQPError.Code.notReady, .closedByPeer, .ioFailed, .connectionForced])
  func `What was lost with the connection is tried again`(code: AMQPError.Code) {
    var pass = TopologyPass(operations)
    pass.answered(.success([.done]))
    for _ in 0..<3 { pass.answered(.failure(AMQPError(code, "gone"))) }
    #expect(pass.next == .declareQueue(name: "q"))
    #expect(pass.problems.isEmpty)
  }

  @Test func `What is missing is named`() {
    var pass = TopologyPass(
      operations + [.bindExchange(destination: "b", source: "a", routingKey: "k")])
    while pass.next != nil { pass.answered(.failure(AMQPError(.notFound, "no"))) }
    #expect(
      pass.problems.map(\.description) == [
        "exchange x is missing", "queue q is missing", "binding x -> q (#) is missing",
        "queue r is missing", "binding a -> b (k) is missing",
      ])
  }

  @Test func `Faults are said while they last`() {
    var watch = BrokerWatch()
    #expect(watch.faults(at: 5).isEmpty)
    watch.topologyProblems = ["queue q is missing"]
    watch.foreignQueues = ["m.realtime.00"]
    watch.unroutedGrewAt = 1_000_000_000
    let faults = watch.faults(at: 2_000_000_000)
    #expect(faults.count == 3)
    #expect(faults.first == "topology: queue q is missing")
    #expect(watch.faults(at: 62_000_000_000).count == 2)
  }
}
