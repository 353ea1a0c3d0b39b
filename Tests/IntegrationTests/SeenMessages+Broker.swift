import AMQP
import Simulation

extension SeenMessages {
  /// Writes a message that came from the service under test, by where it published it; any other is
  /// passed over.
  static func add(_ message: IncomingMessage) {
    let exchange = message.text(message.exchange) ?? ""
    let id = message.text(message.properties.messageID) ?? ""
    let kind: Kind? =
      if exchange.hasSuffix(".deliveries") {
        .delivery
      } else if exchange.hasSuffix(".status") {
        .statusUpdate
      } else if exchange.isEmpty, id.hasSuffix(".receipt") || id.hasSuffix(".cancel-receipt") {
        .receipt
      } else {
        nil
      }
    if let kind { add(kind, message.withBody { Array($0) }) }
  }
}
