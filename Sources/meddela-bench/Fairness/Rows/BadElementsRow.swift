internal import AMQP
internal import Node

/// One message with many elements that are no events; each is parked.
struct BadElementsRow: FairnessRow {
  enum Notation: String, Sendable, CaseIterable {
    case lines, xml, array
    case cloudEvents = "cloudevents"

    var contentType: String {
      switch self {
      case .lines: "application/x-ndjson"
      case .xml: "application/xml"
      case .array: "application/json"
      case .cloudEvents: "application/cloudevents-batch+json"
      }
    }

    func body(_ count: Int) -> [UInt8] {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count * 48)
      let (head, between, end) = frame
      bytes += head.utf8
      for number in 0..<count {
        if number > 0 { bytes += between.utf8 }
        bytes += element(number).utf8
      }
      bytes += end.utf8
      return bytes
    }

    private var frame: (String, String, String) {
      switch self {
      case .lines: ("", "\n", "\n")
      case .xml: ("<PushEvents>\n", "\n", "\n</PushEvents>")
      case .array, .cloudEvents: ("[\n", ",\n", "\n]")
      }
    }

    private func element(_ number: Int) -> String {
      switch self {
      case .lines: #"{"id":"bad-\#(number)","type":}"#
      // Well-formed, as it has to be; without an id it is no event.
      case .xml: #"<batchEvent type="bad"><ctx><n>\#(number)</n></ctx></batchEvent>"#
      case .array: #"{"id":"bad-\#(number)","type":}"#
      case .cloudEvents: #"{"specversion":"1.0","id":"bad-\#(number)","type":"bad"}"#
      }
    }
  }

  let notation: Notation
  let count: Int

  var name: String { "bad-\(notation.rawValue)" }
  var title: String { "\(count) bad elements, \(notation.contentType)" }

  func disturb(_ stage: FairnessStage) async throws {
    try await stage.load.publish(Self.message(stage, notation, count))
    try await stage.wait(for: "\(count) parked elements") {
      $0.parked >= count && $0.settled > 0
    }
  }

  static func message(_ stage: FairnessStage, _ notation: Notation, _ count: Int) -> ClientMessage {
    var message = ClientMessage(
      exchange: stage.exchange(stage.lane), routingKey: "bad", body: notation.body(count))
    message.messageID = "bad-\(notation.rawValue)-\(count)"
    message.contentType = notation.contentType
    return message
  }
}
