import ArgumentParser
import JSON
import Messages
import Testing

@testable import Commands

@Suite("Which events and messages are meant")
struct SelectionTests {
  @Test(arguments: [
    ["events", "list", "--status", "lost"], ["events", "list", "--lane", "slow"],
    ["events", "list", "--since", "soon"], ["events", "list", "--limit", "0"],
    ["events", "list", "--count", "--limit", "1"], ["events", "redrive"],
    ["events", "redrive", "--status", "sent"], ["events", "redrive", "a", "--rate", "0"],
    ["events", "redrive", "a", "--rate", "10001"], ["events", "redrive", "--until", "x"],
    ["parked", "list", "--lane", "slow"], ["parked", "list", "--since", "1h"],
    ["publish"], ["publish", "f", "--generate", "1"], ["publish", "f", "--lane", "slow"],
    ["publish", "--generate", "0"], ["publish", "f", "--rate", "0"],
    ["publish", "f", "--wait", "--raw"], ["publish", "f", "--wait", "--reply-to", "q"],
    ["publish", "--cancel", ""], ["publish", "--cancel", "å"],
    ["publish", "f", "--timeout", "0"],
    ["deliver", "--channel", "email", "--failed", "0.6", "--ignored", "0.6"],
    ["deliver", "--channel", "email", "--sink", "smtp"], ["watch", "--status", "lost"],
    ["watch", "--count", "0"],
  ])
  func `Options that mean nothing are refused before anything is done`(arguments: [String]) {
    #expect(throws: (any Error).self) { try MeddelaCommand.parseAsRoot(arguments) }
  }

  @Test(arguments: [
    ["events", "list", "--status", "sent", "--lane", "batch", "--since", "1h", "--limit", "1"],
    ["events", "list", "--count"], ["events", "redrive", "a", "b", "--rate", "10000"],
    ["events", "redrive", "--status", "not-covered"], ["events", "redrive", "--reason", "550"],
    ["events", "redrive", "--to", "a@b.se"],
    ["parked", "list", "--lane", "delivery-logs", "--since", "2026-12-24T06:00:00Z"],
    ["publish", "f", "--raw"], ["publish", "--generate", "1", "--wait"],
    ["publish", "--cancel", "a"], ["publish", "f", "--timeout", "0.1"],
    ["deliver", "--channel", "email", "--failed", "0.5", "--ignored", "0.5"],
    ["deliver", "--channel", "email", "--sink", "maildir:x"], ["watch", "--status", "expired"],
  ])
  func `The same with what they do mean are taken`(arguments: [String]) {
    #expect(throws: Never.self) { try MeddelaCommand.parseAsRoot(arguments) }
  }

  @Test func `Every option of a selection reaches the filter`() throws {
    let selection = try EventSelection.parse([
      "--lane", "batch", "--type", "order", "--channel", "sms", "--external-id", "c", "--to", "+46",
      "--since", "2026-12-24", "--until", "2026-12-25",
    ])
    #expect(!selection.isEmpty)
    #expect(try EventSelection.parse([]).isEmpty)
    let filter = selection.filter(status: .expired)
    #expect(filter.statuses == [.expired] && filter.lane == .batch && filter.type == "order")
    #expect(filter.channel == "sms" && filter.externalID == "c" && filter.address == "+46")
    #expect(filter.since == Timestamp(rfc3339: "2026-12-24T00:00:00Z"))
    #expect(filter.until == Timestamp(rfc3339: "2026-12-25T00:00:00Z"))
  }

  @Test func `Of a status update everything that is given must hold`() throws {
    let update = #"{"type":"order","channel":"sms","externalId":null}"#
    try JSONParser().withDocument(Array(update.utf8)) { root in
      var filter = EventFilter()
      #expect(filter.matches(root) && !filter.needsUpdate)
      filter.type = "order"
      #expect(filter.matches(root) && filter.needsUpdate)
      filter.channel = "email"
      #expect(!filter.matches(root))
      filter.channel = "sms"
      #expect(filter.matches(root))
      // What is not there is nothing's name.
      filter.externalID = ""
      #expect(!filter.matches(root))
      filter.externalID = nil
      filter.reason = ""
      #expect(filter.matches(root) && EventFilter().statuses.isEmpty)
      filter.reason = "550"
      #expect(!filter.matches(root))
    }
  }

  private struct Facts: ParkedFacts {
    var reason = "bad-address"
    var detail = "d"
    var messageID: String? = "m"
    var batchID: String? = "b"
    var lane = "realtime"
    var firstSeen = "2026-12-24T06:00:00.000Z"
    var bodyBytes = 7
    func isOf(type: String) -> Bool { type == "order" }
  }

  @Test(
    arguments: [
      ([], true), (["--reason", "bad-address"], true), (["--reason", "bad"], false),
      (["--lane", "realtime"], true), (["--lane", "batch"], false), (["--id", "m"], true),
      (["--id", "b"], true), (["--id", "x"], false), (["--type", "order"], true),
      (["--type", "other"], false), (["--since", "2026-12-24T06:00:00Z"], true),
      (["--since", "2026-12-24T06:00:00.001Z"], false),
      (["--until", "2026-12-24T06:00:00Z"], false),
      (["--until", "2026-12-24T06:00:00.001Z"], true),
      (["--reason", "bad-address", "--lane", "batch"], false),
    ] as [([String], Bool)])
  func `Of a parked message everything that is given must hold`(options: [String], isMeant: Bool)
    throws
  {
    let filter = try ParkedFilter.parse(options)
    #expect(filter.matches(Facts()) == isMeant)
    #expect(filter.isEmpty == options.isEmpty)
  }

  @Test func `What has no time is not of any`() throws {
    var facts = Facts()
    facts.firstSeen = ""
    #expect(try !ParkedFilter.parse(["--since", "1970-01-01T00:00:00Z"]).matches(facts))
    #expect(try ParkedFilter.parse([]).matches(facts))
  }

  @Test func `A row of a listing is cut where a stranger's text would fill the screen`() {
    var facts = Facts()
    facts.detail = String(repeating: "å", count: 256)
    facts.messageID = nil
    #expect(facts.row.last?.count == 256 && facts.row[1] == "-")
    facts.detail += "x"
    #expect(facts.row.last == String(repeating: "å", count: 255) + "…")
    facts.detail = "a\nb"
    #expect(facts.row.last == "a\\u{a}b")
  }
}
