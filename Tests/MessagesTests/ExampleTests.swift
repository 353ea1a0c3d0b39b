import JSON
import Messages
import Testing

/// The decoders and the schemas draw the line at the same place.
@Suite("The decoders take what the schemas take")
struct ExampleTests {
  private static let minimum = [
    "event/valid": 15, "event/invalid": 60, "events/valid": 5, "events/invalid": 10,
    "delivery-log/valid": 8, "delivery-log/invalid": 25, "cancel/valid": 8, "cancel/invalid": 13,
  ]

  @Test(arguments: minimum.keys.sorted())
  func `The examples are where these tests look for them`(folder: String) throws {
    #expect(Example.all(folder).count >= Self.minimum[folder]!)
  }

  @Test(arguments: Example.all("event/valid"))
  func `A valid event is decoded`(example: Example) throws {
    try withBody(example.bytes) { root in
      #expect(try EventBatch.check(root) == false)
      let fields = try EventFields.decode(root, messageID: nil)
      #expect(fields.id == root["id"]?.asString)
      #expect(fields.type == root["type"]?.asString)
      #expect(fields.address == root[fields.addressField.name]?.asString)
      #expect(fields.root.equals(root))
      _ = try EventFields.decode(root, messageID: fields.id.bytes)
    }
  }

  @Test(arguments: Example.all("event/invalid"))
  func `An invalid event is refused`(example: Example) throws {
    try withBody(example.bytes) { root in
      #expect(throws: Rejection.self) {
        if try EventBatch.check(root) {
          // An array is events, each judged alone: `root-array` is one event too few for a batch.
          throw Rejection(code: .notAnObject, path: "$", offset: 0, detail: "not one event")
        }
        _ = try EventFields.decode(root, messageID: nil)
      }
    }
  }

  @Test(arguments: Example.all("events/valid"))
  func `Of a valid batch every event is decoded`(example: Example) throws {
    try withBody(example.bytes) { root in
      #expect(try EventBatch.check(root))
      let elements = try #require(JSONSplitter.elements(of: root))
      for element in elements { _ = try EventFields.decode(element, messageID: nil) }
    }
  }

  @Test(arguments: Example.all("events/invalid"))
  func `Of an invalid batch something is refused`(example: Example) throws {
    try withBody(example.bytes) { root in
      #expect(throws: Rejection.self) {
        guard try EventBatch.check(root), let elements = JSONSplitter.elements(of: root) else {
          _ = try EventFields.decode(root, messageID: nil)
          return
        }
        for element in elements { _ = try EventFields.decode(element, messageID: nil) }
      }
    }
  }

  private func decodeCancels(_ root: JSONValue) throws {
    guard root.kind == .array else {
      _ = try CancelFields.decode(root, messageID: nil)
      return
    }
    #expect(try EventBatch.check(root))
    for element in root.elements { _ = try CancelFields.decode(element, messageID: nil) }
  }

  @Test(arguments: Example.all("cancel/valid"))
  func `A valid cancel is decoded`(example: Example) throws {
    try withBody(example.bytes) { root in try decodeCancels(root) }
  }

  @Test(arguments: Example.all("cancel/invalid"))
  func `An invalid cancel is refused`(example: Example) throws {
    try withBody(example.bytes) { root in
      #expect(throws: Rejection.self) {
        if root.kind == .array { _ = try EventBatch.check(root) }
        try decodeCancels(root)
      }
    }
  }

  private func decodeLogs(_ root: JSONValue) throws {
    guard root.kind == .array else {
      _ = try DeliveryLogFields.decode(root)
      return
    }
    #expect(try EventBatch.check(root))
    for element in root.elements { _ = try DeliveryLogFields.decode(element) }
  }

  @Test(arguments: Example.all("delivery-log/valid"))
  func `A valid delivery log is decoded`(example: Example) throws {
    try withBody(example.bytes) { root in try decodeLogs(root) }
  }

  @Test(arguments: Example.all("delivery-log/invalid"))
  func `An invalid delivery log is refused`(example: Example) throws {
    try withBody(example.bytes) { root in
      #expect(throws: Rejection.self) {
        if root.kind == .array { _ = try EventBatch.check(root) }
        try decodeLogs(root)
      }
    }
  }
}
