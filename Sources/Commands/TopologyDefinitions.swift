internal import AMQP
internal import Node

/// A topology as RabbitMQ's definitions, which `rabbitmqctl import_definitions` reads.
enum TopologyDefinitions {
  /// One exchange, queue or binding a line.
  static func text(_ topology: Topology, vhost: String) -> String {
    var exchanges: [String] = []
    var queues: [String] = []
    var bindings: [String] = []
    let place = ("vhost", JSONObjectText.quoted(vhost))
    for operation in topology.declarations {
      switch operation {
      case .declareExchange(let name, let type, let isInternal, let arguments):
        exchanges.append(
          object([
            ("name", JSONObjectText.quoted(name)), place, ("type", JSONObjectText.quoted(type)),
            ("durable", "true"), ("auto_delete", "false"), ("internal", "\(isInternal)"),
            ("arguments", object(arguments)),
          ]))
      case .declareQueue(let name, let isDurable, _, let isAutoDelete, let arguments):
        queues.append(
          object([
            ("name", JSONObjectText.quoted(name)), place, ("durable", "\(isDurable)"),
            ("auto_delete", "\(isAutoDelete)"), ("arguments", object(arguments)),
          ]))
      case .bindQueue(let destination, let source, let key, let arguments):
        bindings.append(binding(source, destination, "queue", key, arguments, place))
      case .bindExchange(let destination, let source, let key, let arguments):
        bindings.append(binding(source, destination, "exchange", key, arguments, place))
      default: break
      }
    }
    let members = [
      ("vhosts", [object([("name", JSONObjectText.quoted(vhost))])]), ("exchanges", exchanges),
      ("queues", queues), ("bindings", bindings),
    ]
    let lists = members.map { name, lines in
      "  \"\(name)\": [\n" + lines.map { "    " + $0 }.joined(separator: ",\n") + "\n  ]"
    }
    return "{\n" + lists.joined(separator: ",\n") + "\n}"
  }

  private static func binding(
    _ source: String, _ destination: String, _ type: String, _ key: String,
    _ arguments: [AMQP.Argument], _ place: (String, String)
  ) -> String {
    object([
      ("source", JSONObjectText.quoted(source)), place,
      ("destination", JSONObjectText.quoted(destination)),
      ("destination_type", JSONObjectText.quoted(type)),
      ("routing_key", JSONObjectText.quoted(key)), ("arguments", object(arguments)),
    ])
  }

  private static func object(_ arguments: [AMQP.Argument]) -> String {
    object(arguments.map { ($0.name, OperationText.value(of: $0, json: true)) })
  }

  /// - Parameter members: names, and values as JSON.
  private static func object(_ members: [(String, String)]) -> String {
    let texts = members.map { "\(JSONObjectText.quoted($0)): \($1)" }
    return "{\(texts.joined(separator: ", "))}"
  }
}
