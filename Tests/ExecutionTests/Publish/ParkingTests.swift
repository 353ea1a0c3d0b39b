import JSON
import Messages
import Testing

@testable import Execution

/// Copies for the parked queue: their messages wait for the broker, and for the log if that does
/// not answer.
@Suite("Parking")
struct ParkingTests {
  fileprivate static func copy(bytes: Int = 4, id: String = "m-1") -> ParkedCopy {
    var copy = ParkedCopy.blank
    copy.messageID = Array(id.utf8)
    copy.body = [UInt8](repeating: 1, count: bytes)
    copy.bodyRange = 0..<bytes
    return copy
  }

  /// The copies with their connection and what was ordered.
  private struct World {
    var parking = Parking()
    var window = PublishWindow()
    var output = TurnOutput()

    /// The tokens of what is published now.
    mutating func pump(at seconds: UInt64) -> [PublishToken] {
      output.removeAll()
      var writer = ByteWriter(capacity: 64)
      parking.pump(
        &window, &output, using: &writer,
        at: Instant(
          wall: Timestamp(nanoseconds: Int64(seconds) * 1_000_000_000),
          monotonic: .seconds(seconds)))
      return output.publishes.map(\.token)
    }

    mutating func add(_ message: Int32, at seconds: UInt64) -> [PublishToken] {
      parking.add(
        ParkingTests.copy(), message: MessageSlot(message), at: .seconds(seconds))
      return pump(at: seconds)
    }

    /// The message of a copy that comes and is confirmed at once.
    mutating func take(_ message: Int32, at seconds: UInt64) -> Int32? {
      let tokens = add(message, at: seconds)
      guard let token = tokens.first, tokens.count == 1 else { return nil }
      return parking.confirmed(token, &window, at: .seconds(seconds))?.message.rawValue
    }

    mutating func isStored(at seconds: UInt64) -> [Int32] {
      parking.takeOverdue(&window, at: .seconds(seconds))
        .map(\.message.rawValue)
    }
  }

  /// With an open connection and copies whose messages wait since second 1: 10, 11, ...
  private func world(_ copies: [ParkedCopy]) -> World {
    var world = World()
    world.parking.use(&world.output)
    world.window.opened(.parking, at: .seconds(1))
    for (index, copy) in copies.enumerated() {
      world.parking.add(copy, message: MessageSlot(Int32(10 + index)), at: .seconds(1))
    }
    return world
  }

  @Test func `The connection is ordered once`() {
    var world = world([Self.copy()])
    world.parking.use(&world.output)
    #expect(world.output.openLinks == [LinkOrder(link: .parking, name: "publish parked")])
  }

  @Test func `A copy that is confirmed settles its message`() {
    var world = world([Self.copy()])
    #expect(!world.parking.isIdle)
    let tokens = world.pump(at: 1)
    #expect(tokens.count == 1 && world.output.publishes[0].mandatory)
    let entry = world.parking.confirmed(tokens[0], &world.window, at: .seconds(1))
    #expect(entry?.message == MessageSlot(10) && world.parking.isIdle)
    let again = world.parking.confirmed(tokens[0], &world.window, at: .seconds(1))
    #expect(again == nil, "a publish is answered once")
  }

  @Test func `A copy that is returned counts as refused, and is tried again after a pause`() {
    var world = world([Self.copy()])
    let tokens = world.pump(at: 1)
    Array("m-1".utf8).withUnsafeBytes { world.parking.returned($0) }
    #expect(world.parking.confirmed(tokens[0], &world.window, at: .seconds(1)) == nil)
    #expect(world.window.unanswered(.parking) == 0)
    #expect(world.pump(at: 1).isEmpty)
    #expect(world.pump(at: 2).count == 1)
  }

  @Test func `While the broker takes none, one goes at a time`() {
    var world = world([Self.copy(), Self.copy(), Self.copy()])
    let tokens = world.pump(at: 1)
    #expect(tokens.count == 3)
    for token in tokens { world.parking.refused(token, &world.window, at: .seconds(1)) }
    let second = world.pump(at: 60)
    #expect(second.count == 1)
    #expect(world.parking.confirmed(second[0], &world.window, at: .seconds(60)) != nil)
    #expect(world.pump(at: 60).count == 2)
  }

  @Test func `A copy that the broker does not take in time goes to the log`() {
    var world = world([Self.copy(), Self.copy()])
    let tokens = world.pump(at: 1)
    #expect(world.isStored(at: 3) == [])
    #expect(world.isStored(at: 4) == [10, 11])
    #expect(world.window.unanswered(.parking) == 0 && world.parking.isIdle)
    #expect(world.parking.confirmed(tokens[0], &world.window, at: .seconds(5)) == nil)
  }

  @Test func `As long as the broker works copies off, they have more time`() {
    var world = world([Self.copy(), Self.copy()])
    let tokens = world.pump(at: 1)
    #expect(world.parking.confirmed(tokens[0], &world.window, at: .seconds(4)) != nil)
    #expect(world.isStored(at: 4) == [])
    #expect(world.isStored(at: 5) == [11])
  }

  @Test func `The one over which the broker closes the connection goes to the log`() {
    let loss = LinkLoss.refusesMessage(mostBytes: 10)
    var world = world([Self.copy(), Self.copy(bytes: 11)])
    let tokens = world.pump(at: 1)
    _ = world.window.closed(.parking, loss, at: .seconds(2))
    let lost = world.parking.lost(tokens.map { Parking.Slot($0.slot) }, loss, at: .seconds(2))
    #expect(lost.map(\.message.rawValue) == [11])
    world.window.opened(.parking, at: .seconds(2))
    #expect(world.pump(at: 2).map(\.slot) == [tokens[0].slot])
  }

  @Test func `When it is not known which, each goes alone`() {
    let loss = LinkLoss.refusesMessage(mostBytes: nil)
    var world = world([Self.copy(), Self.copy()])
    let tokens = world.pump(at: 1)
    _ = world.window.closed(.parking, loss, at: .seconds(2))
    #expect(
      world.parking.lost(tokens.map { Parking.Slot($0.slot) }, loss, at: .seconds(2)).isEmpty)
    world.window.opened(.parking, at: .seconds(2))
    let alone = world.pump(at: 2)
    #expect(alone.map(\.slot) == [tokens[0].slot])
    #expect(world.pump(at: 2).isEmpty)
    _ = world.window.closed(.parking, loss, at: .seconds(2))
    let lost = world.parking.lost(alone.map { Parking.Slot($0.slot) }, loss, at: .seconds(2))
    #expect(lost.map(\.message.rawValue) == [10])
  }

  @Test func `After one was not taken in time copies wait a quarter of a second, for a while`() {
    var world = world([Self.copy()])
    #expect(world.pump(at: 1).count == 1)
    #expect(world.isStored(at: 3).isEmpty)
    #expect(world.isStored(at: 4) == [10])
    // The broker takes one now and then: those behind it wait no three seconds again.
    for (message, seconds) in [(20, 10), (22, 20)] as [(Int32, UInt64)] {
      #expect(world.take(message, at: seconds) == message)
      #expect(world.add(message + 1, at: seconds).count == 1)
      #expect(world.isStored(at: seconds).isEmpty)
      #expect(world.isStored(at: seconds + 1) == [message + 1])
    }
    #expect(world.take(24, at: 60) == 24)
    #expect(world.add(25, at: 70).count == 1)
    #expect(world.isStored(at: 72).isEmpty)
    #expect(world.isStored(at: 73) == [25])
  }
}
