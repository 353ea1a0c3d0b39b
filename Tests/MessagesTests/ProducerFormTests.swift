import Foundation
import JSON
import Messages
import Testing

/// The same event, compressed in the ways that producers' libraries have.
enum Packed {
  static let event = #"{"id":"e","type":"order","email":"elsa@example.se","ctx":{"name":"Elsa"}}"#
  static let gzip =
    "H4sIAAAAAAACA6tWykxRslJKVdJRKqksSAUy84tSUouA3NTcxMwckFROcaJDakVibkFOql4xSGFySYWSVbVSXmIuSL0r"
    + "UF6pthYAwwmOIEkAAAA="
  static let zlib =
    "eNqrVspMUbJSSlXSUSqpLEgFMvOLUlKLgNzU3MTMHJBUTnGiQ2pFYm5BTqpeMUhhckmFklW1Ul5iLki9K1BeqbYWAErD"
    + "F18="
  static let raw =
    "q1bKTFGyUkpV0lEqqSxIBTLzi1JSi4Dc1NzEzByQVE5xokNqRWJuQU6qXjFIYXJJhZJVtVJeYi5IvStQXqm2FgA="
  /// gzip around zlib.
  static let twice =
    "H4sIAAAAAAACAwFHALj/eNqrVspMUbJSSlXSUSqpLEgFMvOLUlKLgNzU3MTMHJBUTnGiQ2pFYm5BTqpeMUhhckmFklW1"
    + "Ul5iLki9K1BeqbYWAErDF19j3mHVRwAAAA=="
  /// Two members of gzip behind each other.
  static let members =
    "H4sIAAAAAAACA6tWykxRslJKVdJRKqksSAUy84tSUouA3NTcxEwATJLWKB4AAAAfiwgAAAAAAAIDy1GyUkrNKU50SK1I"
    + "zC3ISdUrTlXSUUouqVCyqlbKS8xNBcq7AuWVamsBkFu9YSsAAAA="
  /// 17 MiB of zeros, compressed three times.
  static let bomb =
    "H4sIAAAAAAACA5Pv5mAAASbmt7et+RgTRVgf1J8RkeOsYvUOyFIxyeqN0nFY66ykxdpbGtEs+8IlnVFpUUDn8RstKZ9q"
    + "r671ryzKq53KvzKm5qb7xe8z8uN2Z++TAJrW0DN7vlhhFFvLsd83XvODBNZIh546uV6kgi87thDId3ime3vtq3zFgvm9"
    + "whB+rvxz3yjWEr73j7dI/p7VUL9DdemhFFkn018MRwqqdp9zZmAAAJePh4erAAAA"

  static func bytes(_ base64: String) -> [UInt8] { Array(Data(base64Encoded: base64) ?? Data()) }
}

@Suite("What producers' libraries put around an event")
struct ProducerFormTests {
  private func encoding(_ property: String, _ compression: String = "") throws -> ContentEncoding {
    try withBytes(property) { property in
      try withBytes(compression) {
        try ContentEncoding(contentEncoding: property, compression: $0)
      }
    }
  }

  @Test(arguments: [
    ("", 0), ("UTF-8", 0), ("utf-8", 0), ("us-ascii", 0), ("identity", 0), ("binary", 0),
    ("gzip", 1), ("GZIP", 1), ("deflate", 1), ("gzip:UTF-8", 1), ("UTF-8:gzip", 1),
    ("gzip, utf-8", 1), ("utf-8,deflate", 1), ("gzip,deflate", 2), (" x-gzip ,", 1),
  ])
  func `Names of UTF-8 say nothing, those of compressions count, alone and in lists`(
    property: String, layers: Int
  ) throws {
    #expect(try encoding(property).layers == layers)
  }

  @Test(arguments: ["br", "zstd", "iso-8859-1", "gzip,br", "bzip2:UTF-8", "UTF-16"])
  func `Another name is refused, and said`(property: String) throws {
    let error = try #require(throws: Rejection.self) { try encoding(property) }
    #expect(error.code == .unsupportedContentType && error.path == "content_encoding")
    let name = property.split { ",:".contains($0) }.first { !["gzip", "UTF-8"].contains($0) }
    #expect(error.detail.contains("\"\(name!)\""), "\(error.detail)")
  }

  @Test func `Kombu says it in a header`() throws {
    #expect(try encoding("utf-8", "application/x-gzip").layers == 1)
    let error = try #require(throws: Rejection.self) { try encoding("utf-8", "application/x-bz2") }
    #expect(error.path == "compression" && error.detail.contains("application/x-bz2"))
    #expect(throws: Rejection.self) { try encoding("gzip,gzip,gzip,gzip,gzip") }
  }

  private func unpack(
    _ property: String, _ body: [UInt8], slice: Int = 7, maxBytes: Int = MessageLimits.messageBytes
  ) throws -> String {
    let unpacker = Unpacker(try encoding(property), maxBytes: maxBytes)
    try body.withUnsafeBytes { while try !unpacker.advance($0, bytes: slice) {} }
    return String(decoding: unpacker.finish(), as: UTF8.self)
  }

  @Test(
    arguments: [
      ("gzip", Packed.gzip), ("deflate", Packed.zlib), ("deflate", Packed.raw),
      ("gzip:UTF-8", Packed.gzip), ("gzip,deflate", Packed.twice), ("deflate,gzip", Packed.twice),
      ("gzip", Packed.members), ("gzip", Packed.zlib),
    ], [1, 13, 1 << 20])
  func `However it is compressed and cut, the event comes out`(packed: (String, String), slice: Int)
    throws
  {
    let text = try unpack(packed.0, Packed.bytes(packed.1), slice: slice)
    #expect(text == Packed.event)
  }

  @Test func `What is not compressed, cut off, damaged or too long is told for that`() throws {
    let whole = Packed.bytes(Packed.gzip)
    var damaged = whole
    damaged[30] ^= 0x55
    var sum = whole
    sum[whole.count - 8] ^= 1
    for (body, words) in [
      (Array(Packed.event.utf8), "does not begin"), ([], "does not begin"),
      (Array(whole.dropLast(9)), "no end"), (Array(whole.prefix(3)), "no end"),
      (damaged, "damaged"), (sum, "damaged"), (whole + [0, 0], "bytes follow"),
    ] {
      let error = try #require(throws: Rejection.self) { try unpack("gzip", body) }
      #expect(error.code == .badValue && error.path == "content_encoding")
      #expect(error.detail.contains(words), "\(error.detail)")
    }
  }

  @Test func `A bomb is stopped at the limit, whatever its layers`() throws {
    let bomb = Packed.bytes(Packed.bomb)
    let error = try #require(throws: Rejection.self) {
      try unpack("gzip,gzip,gzip", bomb, slice: 16 << 10)
    }
    #expect(error.code == .tooLarge && error.detail.contains("\(MessageLimits.messageBytes)"))
    let small = try #require(throws: Rejection.self) {
      try unpack("gzip", Packed.bytes(Packed.gzip), maxBytes: 70)
    }
    #expect(small.code == .tooLarge)
  }

  private func section(_ head: [UInt8], _ text: String = "") throws -> String {
    let body = head + Array(text.utf8)
    let range = try body.withUnsafeBytes { try AMQPSections.content(of: $0) }
    return String(decoding: body[range], as: UTF8.self)
  }

  @Test(
    arguments: [
      [0x00, 0x53, 0x77, 0xB1, 0, 0, 0, 5], [0x00, 0x53, 0x77, 0xA1, 5],
      [0x00, 0x53, 0x77, 0xB0, 0, 0, 0, 5], [0x00, 0x53, 0x77, 0xA0, 5],
      [0x00, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x77, 0xA1, 5], [0x00, 0x53, 0x75, 0xA0, 5],
      [0x00, 0xA3, 17] + Array("amqp:amqp-value:*".utf8) + [0xA1, 5],
    ] as [[UInt8]])
  func `The text of a value section is unwrapped, however it is encoded`(head: [UInt8]) throws {
    #expect(try section(head, "{..}!") == "{..}!")
    // A footer may follow.
    let footer = head + Array("{..}!".utf8) + [0x00, 0x53, 0x78, 0xC1, 1, 0]
    let range = try footer.withUnsafeBytes { try AMQPSections.content(of: $0) }
    #expect(range.count == 5)
  }

  @Test(
    arguments: [
      ([0x00, 0x53, 0x77, 0xD1, 0, 0, 0, 4, 0, 0, 0, 0], "a map"),
      ([0x00, 0x53, 0x77, 0x45], "list"),
      ([0x00, 0x53, 0x77, 0x40], "null"), ([0x00, 0x53, 0x77], "cut off"),
      ([0x00, 0x53, 0x77, 0xA3, 1, 0x61], "symbol"), ([0x00, 0x53, 0x76, 0x45], "sequence"),
      ([0x00, 0x53, 0x77, 0xB1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7B], "cut off"),
      ([0x00, 0x53, 0x77, 0xA1, 1, 0x7B, 0x00, 0x53, 0x77, 0xA1, 0], "several"),
      ([0x7B, 0x7D], "no section"), ([], "no section"), ([0x00], "no section"),
      ([0x00, 0x80, 0, 0], "no section"),
    ] as [([UInt8], String)])
  func `Other sections and values are refused with a sentence that names the data section`(
    body: [UInt8], words: String
  ) throws {
    let error = try #require(throws: Rejection.self) { try section(body) }
    #expect(error.code == .unsupportedContentType && error.path == "type")
    #expect(error.detail.contains("data section") && error.detail.contains(words))
  }

  @Test func `Bytes changed anywhere in a section or a packed body never trap`() {
    var state: UInt64 = 7
    func next() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33)
    }
    let seeds = [
      [0x00, 0x53, 0x77, 0xB1, 0, 0, 0, 2, 0x7B, 0x7D, 0x00, 0x53, 0x78, 0xC1, 1, 0],
      Packed.bytes(Packed.gzip), Packed.bytes(Packed.twice),
    ]
    for round in 0..<3_000 {
      var body = seeds[round % 3]
      for _ in 0...next() % 3 { body[next() % body.count] = UInt8(next() % 256) }
      body = Array(body.prefix(next() % (body.count + 1)))
      if let range = try? body.withUnsafeBytes({ try AMQPSections.content(of: $0) }) {
        #expect(range.upperBound <= body.count)
      }
      let text = try? unpack(round % 2 == 0 ? "gzip,deflate" : "deflate", body)
      #expect((text?.utf8.count ?? 0) <= MessageLimits.messageBytes)
    }
  }

  @Test(
    arguments: [
      ([0xEF, 0xBB, 0xBF, 0x7B], 3), ([0x7B, 0x7D], 0), ([], 0), ([0xEF], 0), ([0xEF, 0xBB], 0),
      ([0xFF, 0xFE, 0x7B, 0], nil), ([0xFE, 0xFF, 0, 0x7B], nil), ([0x7B, 0], nil),
      ([0, 0x7B], nil), ([0xFF, 0xFE, 0, 0], nil), ([0, 0, 0, 0x7B], nil), ([0xFF, 0x7B], 0),
    ] as [([UInt8], Int?)])
  func `One mark of UTF-8 is passed over; texts in UTF-16 and UTF-32 are known by their beginning`(
    body: [UInt8], expected: Int?
  ) {
    let found = try? body.withUnsafeBytes { try TextStart.markBytes($0) }
    #expect(found == expected)
  }

  @Test(arguments: [
    ("/queue/answers", "answers"), ("/queues/answers", "answers"), ("answers", "answers"),
    ("/amq/queue/a.b", "a.b"), ("/queues/a%2Fb%20c%", "a/b c%"), ("/queue/", "/queue/"),
    ("/exchange/x/y", "/exchange/x/y"), ("", ""), ("/queues/%zz", "%zz"),
  ])
  func `A reply_to of AMQP 1.0 means a queue`(replyTo: String, expected: String) {
    let queue = withBytes(replyTo) { ReplyAddress.queue(of: $0) }
    #expect(String(decoding: queue, as: UTF8.self) == expected)
  }

  @Test func `In MassTransit's envelope the event is the message`() throws {
    func message(_ text: String) throws -> String {
      let bytes = Array(text.utf8)
      let range = try withPadded(bytes) { try MassTransit.message(in: $0, using: JSONParser()) }
      return String(decoding: bytes[range], as: UTF8.self)
    }
    #expect(
      try message(#"{"messageId":"m","message": {"id":1.50 }, "host":{}}"#) == #"{"id":1.50 }"#)
    #expect(try message(#"{"message":[1]}"#) == "[1]")
    // The raw serializer sends the event itself.
    #expect(try message(#"{"id":"x"}"#) == #"{"id":"x"}"#)
    for text in ["{}", #"{"message":"x"}"#, "1"] {
      let error = try #require(throws: Rejection.self) { try message(text) }
      #expect(error.code == .missingField && error.path == "$.message")
    }
    #expect(throws: Rejection.self) { try message("{") }
  }
}
