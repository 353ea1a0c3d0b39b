import Foundation
import Glibc
import Testing

@testable import EventLog

/// The service keeps what `store.retentionDays` says, by time that has passed, and takes a person's
/// word for its clock.
@Suite(
  "Retention in the service, and its clock",
  .enabled(if: TestBroker.isThere, Comment(rawValue: TestBroker.reason)),
  .timeLimit(.minutes(10)))
struct ServiceRetentionTests {
  private static let day: Int64 = 86_400_000_000_000

  /// Changes CLOCK of a store that nobody has open.
  private func change(
    _ service: ServiceProcess, _ body: (inout StoreTime.Saved) -> Void
  ) throws {
    var file = try clock(service)
    body(&file.time)
    try LinuxDisk().replaceFile(
      ClockFile.fileName, in: service.storePath + "/00", with: file.encoded())
  }

  private func clock(_ service: ServiceProcess) throws -> ClockFile {
    let paths = StorePaths(root: service.storePath + "/00")
    let bytes = try LinuxDisk().contents(of: paths.identity, atMost: 1 << 20)
    let identity = try StoreIdentity.decode(try #require(bytes), file: paths.identity)
    return try #require(ClockFile.read(LinuxDisk(), paths, store: identity.store).file)
  }

  private func stat(_ service: ServiceProcess) throws -> String {
    let (code, text, err) = try service.run(["store", "stat", "--quick", "--json"])
    #expect(code == 0, "\(err)")
    return text
  }

  /// A service that has ended after so many lives, each of which left a segment of final events
  /// behind. The next one is not started.
  private func service(lives: Int, _ more: [String: String] = [:]) async throws -> ServiceProcess {
    let service = try ServiceProcess(brokerURL: try #require(TestBroker.url))
    service.more = more
    for life in 1...lives {
      try service.start()
      try await service.waitUntilConsuming(starts: life)
      let body = TestEvents.body("e-\(life)", type: "of-no-template")
      #expect(try service.run(["publish", try service.file("\(life).json", body)]).0 == 0)
      try await eventually("it is final") { try service.count("not-covered") == life }
      if life < lives { service.kill() } else { #expect(try await service.stop() == 0) }
    }
    return service
  }

  @Test
  func `Final events go when they are store.retentionDays old, and not before`() async throws {
    let service = try await service(lives: 4, ["MEDDELA_STORE_RETENTION_DAYS": "2"])
    #expect(try clock(service).time.retentionSeconds == 2 * 86_400)
    // Every record is a day and a half old.
    try change(service) { $0.now += 3 * Self.day / 2 }
    try service.start()
    try await service.waitUntilConsuming(starts: 5)
    let body = TestEvents.body("young", type: "of-no-template")
    #expect(try service.run(["publish", try service.file("young.json", body)]).0 == 0)
    try await eventually("it is final") { try service.count("not-covered") == 5 }
    #expect(try await service.stop() == 0)
    #expect(try stat(service).contains(#""firstLSN":1,"#))
    // More than two days; the young one is one.
    try change(service) { $0.now += Self.day }
    try service.start()
    try await service.waitUntilConsuming(starts: 6)
    try await eventually("the oldest is gone", seconds: 300) {
      try !stat(service).contains(#""firstLSN":1,"#)
    }
    let (code, _, err) = try service.run(["events", "show", "young"])
    #expect(code == 0, "\(err)")
    #expect(try service.run(["events", "show", "e-1"]).0 != 0)
    #expect(try await service.stop() == 0)
  }

  @Test func `A start with a clock that is far ahead is said, and confirmed beside the service`()
    async throws
  {
    let service = try await service(lives: 1)
    // As if the clock were ahead now.
    try change(service) { $0.wall -= 400 * Self.day }
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    try await eventually("it is said") {
      service.log.contains("By the wall clock the store was closed for longer than is believed")
    }
    #expect(service.log.contains("store.closedSeconds=3456"), "400 days")
    try await eventually("it is seen from outside") {
      try stat(service).contains(#""clock":"waiting""#)
    }
    let (_, text, _) = try service.run(["store", "stat", "--quick"])
    #expect(text.contains("400 days") && text.contains("confirm-clock"), "\(text)")
    let (code, said, err) = try service.run(["store", "confirm-clock"])
    #expect(code == 0 && err.isEmpty, "\(err)")
    #expect(said.contains("confirmed that the store was closed for 400 days"), "\(said)")
    #expect(said.contains("by the service"), "\(said)")
    try await eventually("it is counted") { service.log.contains("a person confirmed the clock") }
    try await eventually("it is seen from outside") {
      try stat(service).contains(#""clock":"agreeing""#)
    }
    #expect(service.log.components(separatedBy: "than is believed").count == 2, "it is said once")
    #expect(try await service.stop() == 0)
  }

  @Test func `A person confirms the clock before a start; there is nothing to confirm afterwards`()
    async throws
  {
    let service = try await service(lives: 1)
    let confirm = ["store", "confirm-clock", "--json"]
    let (code, none, err) = try service.run(confirm)
    #expect(code == 0, "\(err)")
    #expect(none.contains(#""confirmed":false"#), "\(none)")
    #expect(none.contains(#""clock":"agreeing""#), "\(none)")
    let (_, text, _) = try service.run(["store", "confirm-clock"])
    #expect(text.contains("nothing to confirm"), "\(text)")
    try change(service) { $0.wall -= 50 * Self.day }
    let (_, some, _) = try service.run(confirm)
    #expect(some.contains(#""confirmed":true"#) && some.contains(#""writer":false"#), "\(some)")
    #expect(some.contains(#""unconfirmedSeconds":4320"#), "\(some)")
    try service.start()
    try await service.waitUntilConsuming(starts: 2)
    try await eventually("it is counted") { service.log.contains("a person confirmed the clock") }
    #expect(try await service.stop() == 0)
    // By now it is some fifty days older than it was.
    #expect(try service.run(confirm).1.contains(#""confirmed":false"#))
    #expect(try service.run(["store", "confirm-clock", "--set", "store.path=/none"]).0 == 66)
  }
}
