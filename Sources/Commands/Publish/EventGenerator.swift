internal import Glibc
internal import JSON

/// Makes up orders of a small shop: realistic in size and shape, each with an id of its own.
struct EventGenerator {
  let type: String
  let channel: String
  private let run: String
  private var number = 0

  private static let names = ["Elsa", "Maja", "Nils", "Åsa", "Björn", "Ingrid", "Olof", "Saga"]
  private static let goods = ["Kaffe", "Bulle", "Tröja", "Lampa", "Bok", "Mugg"]
  private static let languages = ["sv", "en", "sv-SE", "en-GB"]

  init(type: String, channel: String) {
    self.type = type
    self.channel = channel
    run = String(UInt64.random(in: 0..<(1 << 40)), radix: 36)
  }

  mutating func next() -> [UInt8] {
    number += 1
    let name = Self.names[number % Self.names.count]
    let first = Self.goods[number % Self.goods.count]
    let second = Self.goods[(number / 7) % Self.goods.count]
    let language = Self.languages[(number / 3) % Self.languages.count]
    var writer = ByteWriter(capacity: 512)
    writer.write(
      string: """
        {"id":"gen-\(run)-\(number)","type":"\(type)","channel":"\(channel)",\
        "email":"customer\(number)@example.se",\
        "mobilePhone":"+4670\(1_000_000 + number % 9_000_000)",\
        "registrationToken":"token-\(run)-\(number)","origin":"shop-se",\
        "externalId":"cust-\(number)","language":"\(language)",\
        "ctx":{"client":{"firstname":"\(name)","lastname":"Andersson"},\
        "order":{"number":"\(100_000 + number)","total":\(49 + number % 900),"currency":"SEK",\
        "lines":[{"name":"\(first)","price":"49"},{"name":"\(second)","price":"129"}]}}}
        """)
    return writer.array()
  }
}
