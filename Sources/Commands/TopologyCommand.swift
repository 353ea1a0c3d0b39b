internal import AMQP
internal import ArgumentParser
internal import Messages
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
    return Topology(node, channels: catalog.channels)
  }

  struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "plan", abstract: "Prints what `apply` would declare; asks no broker.",
      discussion: """
        With several shards (shards.count) the broker chooses an event's shard by its message_id, \
        and the event of a producer whose message_id is not the event's id is parked \
        (id-mismatch). Whether there are such producers: meddela_other_message_ids_total of a \
        running service with one shard counts their events.
        """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Flag(help: "As one JSON document for rabbitmqctl import_definitions.")
    var definitions = false

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        if definitions {
          let topology = try TopologyCommand.topology(node)
          return writeLine(
            TopologyDefinitions.text(topology, vhost: try OwnedQueues(node, .first).vhost))
        }
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
    @OptionGroup var waiting: WaitingOptions

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        let operations = try TopologyCommand.topology(node).declarations
        try await CommandBroker.with(node, waiting, as: "topology") { broker in
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
        A queue that is missing is told apart from one with other arguments. Bindings cannot be \
        looked at over AMQP. Needs the right to declare.
        """)

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup var waiting: WaitingOptions

    func run() async throws {
      try await reportingFailure {
        let node = try configuration.load()
        let topology = try TopologyCommand.topology(node)
        let problems = try await CommandBroker.with(node, waiting, as: "topology") { broker in
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
        if let problem = try await problem(name, [assertion, operation], client) {
          problems.append(problem)
        }
      }
      return problems
    }

    private static func problem(
      _ name: String, _ operations: [TopologyOperation], _ client: BrokerClient
    ) async throws -> String? {
      do {
        for operation in operations { try await client.perform([operation]) }
        return nil
      } catch {
        switch error.code {
        case .notFound: return "\(name): is not there; run `meddela topology apply`"
        case .preconditionFailed: return "\(name): has other arguments: \(error.message)"
        default: throw error
        }
      }
    }
  }
}

/// A topology operation for people, or as JSON.
enum OperationText {
  static func text(_ operation: TopologyOperation, json: Bool) -> String {
    switch operation {
    case .declareExchange(let name, let type, _, let arguments):
      let fields: [(String, String)] = [("name", name), ("type", type)]
      return render(json, "exchange", fields, arguments)
    case .declareQueue(let name, _, _, _, let arguments):
      let fields: [(String, String)] = [("name", name)]
      return render(json, "queue", fields, arguments)
    case .bindQueue(let queue, let exchange, let key, let arguments):
      let fields: [(String, String)] = [("exchange", exchange), ("key", key), ("queue", queue)]
      return render(json, "binding", fields, arguments)
    case .bindExchange(let destination, let source, let key, let arguments):
      let fields = [("exchange", source), ("key", key), ("destination", destination)]
      return render(json, "binding", fields, arguments)
    default: return "\(operation)"
    }
  }

  private static func render(
    _ json: Bool, _ kind: String, _ fields: [(String, String)], _ arguments: [AMQP.Argument]
  ) -> String {
    if json {
      var object = JSONObjectText()
      object.add("declare", kind)
      for (name, text) in fields { object.add(name, text) }
      var members: [String] = []
      for argument in arguments {
        let value = value(of: argument, json: true)
        members.append("\(JSONObjectText.quoted(argument.name)):\(value)")
      }
      object.add("arguments", json: "{\(members.joined(separator: ","))}")
      return object.text
    }
    var words = [kind]
    for (name, text) in fields { words.append("\(name)=\(text)") }
    for argument in arguments {
      words.append("\(argument.name)=\(value(of: argument, json: false))")
    }
    return words.joined(separator: " ")
  }

  static func value(of argument: AMQP.Argument, json: Bool) -> String {
    switch argument.value {
    case .boolean(let value): return "\(value)"
    case .int32(let value): return "\(value)"
    case .int64(let value): return "\(value)"
    case .string(let value): return json ? JSONObjectText.quoted(value) : value
    }
  }
}
