import AMQP
import Foundation
import JSON
import Simulation

/// A delivery engine of a test: takes deliveries and answers each with `sent`. Keeps what it saw.
actor TestEngine {
  private(set) var deliveries: [String] = []
  private(set) var bodies: [String] = []
  /// When a delivery first came, by its id.
  private(set) var arrivals: [String: Date] = [:]
  private let client: BrokerClient
  private let parser = JSONParser()
  private let prefix: String

  init(_ client: BrokerClient, prefix: String) {
    self.client = client
    self.prefix = prefix
  }

  /// Until the task is cancelled.
  func run(channel: String) async throws {
    let stream = client.consume(
      Consumer(queue: "\(prefix).deliveries.\(channel)", prefetch: 100))
    for try await batch in stream {
      let logs = batch.compactMap { log(of: $0) }
      for outcome in try await client.publish(logs) where outcome != .confirmed {
        throw Timeout(what: "a delivery log reaches its queue")
      }
      stream.settle(batch)
    }
  }

  private func log(of message: IncomingMessage) -> ClientMessage? {
    SeenMessages.add(message)
    let body = message.withBody { Array($0) }
    let ids = try? parser.withDocument(body) { root in
      (root["deliveryId"]?.asString?.string, root["eventId"]?.asString?.string)
    }
    guard let id = ids?.0, let event = ids?.1,
      let replyTo = message.text(message.properties.replyTo)
    else { return nil }
    // A copy that the broker gives again is no second publish.
    if !message.isRedelivered { deliveries.append(id) }
    bodies.append(String(decoding: body, as: UTF8.self))
    if arrivals[id] == nil { arrivals[id] = Date() }
    let time = ISO8601DateFormatter().string(from: Date())
    let text = """
      {"deliveryId":"\(id)","eventId":"\(event)","outcome":"sent","occurredAt":"\(time)"}
      """
    var log = ClientMessage(
      exchange: "\(prefix).delivery-logs", routingKey: replyTo, body: Array(text.utf8))
    log.contentType = "application/json"
    log.messageID = "\(id).log"
    log.isMandatory = true
    return log
  }
}

/// Events of a test and how to send them.
enum TestEvents {
  static func body(_ id: String, type: String = "order_confirmation", more: String = "") -> String {
    """
    {"id":"\(id)","type":"\(type)","channel":"email","email":"elsa@example.se",\
    "language":"sv"\(more),"ctx":{"client":{"firstname":"Elsa","lastname":"Berg"},\
    "order":{"number":"1042","date":"2026-12-24","total":"49","currency":"SEK",\
    "lines":[{"name":"Kaffe","price":"49","quantity":"1"}]}}}
    """
  }

  static func message(_ id: String, lane: String, prefix: String, body: String? = nil)
    -> ClientMessage
  {
    var message = ClientMessage(
      exchange: "\(prefix).\(lane)", routingKey: "order_confirmation",
      body: Array((body ?? Self.body(id)).utf8))
    message.contentType = "application/json"
    message.messageID = id
    message.isMandatory = true
    return message
  }
}
