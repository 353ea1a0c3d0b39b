import Messages
import Testing

@Suite("An event makes legal moves only")
struct StatusTests {
  /// Rows: from; columns: to; both in the order of `Status.allCases`.
  private static let table = [
    // Columns: pending, pending-delivery, sent, ignored, delivery-failed, not-covered, expired.
    (Status.pending, [true, true, true, true, true, true, true]),
    (.pendingDelivery, [false, false, true, true, true, false, true]),
    (.sent, [true, false, false, true, true, false, false]),
    (.ignored, [true, false, true, false, true, false, false]),
    (.deliveryFailed, [true, false, true, true, false, false, false]),
    (.notCovered, [true, false, false, false, false, false, false]),
    (.expired, [true, false, true, true, true, false, false]),
  ]

  @Test(arguments: table)
  func `Every pair of statuses is a legal move or none`(from: Status, expected: [Bool]) {
    #expect(Status.allCases.map { from.canMove(to: $0) } == expected)
  }

  @Test func `The table has every status`() {
    #expect(Self.table.map(\.0) == Status.allCases)
  }

  @Test(
    arguments: [
      (Status.pending, 1, "pending", "Pending"),
      (.pendingDelivery, 2, "pending-delivery", "Pending delivery"), (.sent, 3, "sent", "Sent"),
      (.ignored, 4, "ignored", "Ignored by the delivery"),
      (.deliveryFailed, 5, "delivery-failed", "Delivery error"),
      (.notCovered, 6, "not-covered", "Event not covered"),
      (.expired, 7, "expired", "Event expired"),
    ] as [(Status, UInt8, String, String)])
  func `Each status has its names and its number in the event log`(
    status: Status, raw: UInt8, wire: String, adobe: String
  ) {
    #expect(status.rawValue == raw)
    #expect("\(status.wireName)" == wire)
    #expect("\(status.adobeName)" == adobe)
    #expect(Status(wireName: wire) == status)
    #expect(Status(wireName: adobe) == nil)
  }

  @Test func `Final is what nothing more is done for; an outcome is what a delivery log can say`() {
    #expect(Status.allCases.filter { !$0.isFinal } == [.pending, .pendingDelivery])
    #expect(Status.allCases.filter(\.isOutcome) == [.sent, .ignored, .deliveryFailed])
    #expect(Status.allCases.filter(\.isRedrivable) == [.deliveryFailed, .notCovered, .expired])
  }
}
