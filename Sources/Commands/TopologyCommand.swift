internal import AMQP
internal import ArgumentParser
internal import Node
internal import Templates

/// `meddela topology`: the exchanges, queues and bindings that the node needs.
struct TopologyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topology", abstract: "Shows, makes and checks exchanges, queues and bindings.",
    subcommands: [PlanCommand.self, ApplyCommand.self, VerifyCommand.self])

  /// The topology for the configured templates' channels.
  static func topology(_ node: NodeConfiguration) throws -> Topology {
    let catalog = try TemplatesCommand.catalog(node.templatesPath)
    return Topology(
      prefix: node.prefix, channels: catalog.channels, hasHistory: node.declaresHistory)
  }

  struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "plan", abstract: "Prints what `apply` would declare; asks no broker.")

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        for operation in try TopologyCommand.topology(node).declarations {
          writeLine(OperationText.text(operation, json: output.json))
        }
      }
    }
  }

  struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "apply", abstract: "Declares everything. Changes nothing that is there.")

    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        let operations = try TopologyCommand.topology(node).declarations
        try await CommandBroker.with(node, as: "topology") { broker in
          for operation in operations { try await broker.client.perform([operation]) }
        }
        writeLine("declared \(operations.count) exchanges, queues and bindings")
      }
    }
  }

  struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify",
      abstract: "Checks that every exchange and queue is there, with the right arguments.",
      discussion: """
        A queue with other arguments and a missing one are told apart. Bindings cannot be looked \
        at over AMQP; a probe message shows whether each input exchange leads to a queue.
        """)

    @OptionGroup var configuration: ConfigurationOptions

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        let topology = try TopologyCommand.topology(node)
        let problems = try await CommandBroker.with(node, as: "topology") { broker in
          try await Self.problems(topology, broker.client)
        }
        guard problems.isEmpty else {
          throw CommandFailure(problems.joined(separator: "\n"), .data)
        }
        writeLine("exchanges and queues of \(topology.prefix) are as they should be")
      }
    }

    /// Passive checks first: a declare would make what is missing.
    private static func problems(
      _ topology: Topology, _ client: BrokerClient
    ) async throws -> [String] {
      var problems: [String] = []
      for operation in topology.declarations {
        let assertion: TopologyOperation
        let name: String
        switch operation {
        case .declareExchange(let exchange, _, _, _):
          (assertion, name) = (.assertExchange(name: exchange), "exchange \(exchange)")
        case .declareQueue(let queue, _, _, _, _):
          (assertion, name) = (.assertQueue(name: queue), "queue \(queue)")
        default: continue
        }
        do {
          try await client.perform([assertion])
          try await client.perform([operation])
        } catch let error where error.code == .notFound {
          problems.append("\(name): is not there; run `meddela topology apply`")
        } catch let error where error.code == .preconditionFailed {
          problems.append("\(name): has other arguments: \(error.message)")
        }
      }
      return problems
    }
  }
}

/// A topology operation for people, or as JSON.
enum OperationText {
  static func text(_ operation: TopologyOperation, json: Bool) -> String {
    switch operation {
    case .declareExchange(let name, let type, _, let arguments):
      return render(json, "exchange", [("name", name), ("type", type)], arguments)
    case .declareQueue(let name, _, _, _, let arguments):
      return render(json, "queue", [("name", name)], arguments)
    case .bindQueue(let queue, let exchange, let key, let arguments):
      return render(
        json, "binding", [("exchange", exchange), ("key", key), ("queue", queue)], arguments)
    default: return "\(operation)"
    }
  }

  private static func render(
    _ json: Bool, _ kind: String, _ fields: [(String, String)], _ arguments: [Argument]
  ) -> String {
    func value(_ argument: Argument) -> String {
      switch argument.value {
      case .boolean(let value): "\(value)"
      case .int32(let value): "\(value)"
      case .int64(let value): "\(value)"
      case .string(let value): json ? JSONObjectText.quoted(value) : value
      }
    }
    if json {
      var object = JSONObjectText()
      object.add("declare", kind)
      for (name, text) in fields { object.add(name, text) }
      let members = arguments.map { "\(JSONObjectText.quoted($0.name)):\(value($0))" }
      object.add("arguments", json: "{\(members.joined(separator: ","))}")
      return object.text
    }
    let words = fields.map { "\($0.0)=\($0.1)" } + arguments.map { "\($0.name)=\(value($0))" }
    return "\(kind) \(words.joined(separator: " "))"
  }
}
