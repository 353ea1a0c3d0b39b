extension BrokerAddress {
  /// Reads `amqp[s]://[user[:password]@]host[:port][/vhost]`, strictly: whatever this program
  /// would not use (query, fragment, more path segments) is an error, not ignored.
  ///
  /// Percent-encoding holds in user, password and vhost (`%2F` is the default vhost). IPv6
  /// addresses stand in brackets. Form: the RabbitMQ URI specification.
  ///
  /// - Throws: `invalidURL`; the sentence never repeats the user part.
  package init(url: String) throws(AMQPError) {
    let bytes = Array(url.utf8)
    if let bad = bytes.first(where: { $0 <= 0x20 || $0 >= 0x7F }) {
      throw Self.invalid("it contains the byte \(bad); such bytes must be percent-encoded")
    }
    var rest = bytes[...]
    if rest.removePrefix("amqps://") {
      self.init(host: "", port: 5671, usesTLS: true)
    } else if rest.removePrefix("amqp://") {
      self.init(host: "", port: 5672, usesTLS: false)
    } else {
      throw Self.invalid("it does not begin with amqp:// or amqps://")
    }
    if rest.contains(UInt8(ascii: "?")) || rest.contains(UInt8(ascii: "#")) {
      throw Self.invalid("options after ? or # are not read; set them by their own keys")
    }
    let authority = rest.prefix { $0 != UInt8(ascii: "/") }
    let path = rest.dropFirst(authority.count)
    if path.count > 1 {
      let name = path.dropFirst()
      guard !name.contains(UInt8(ascii: "/")) else {
        throw Self.invalid("its path has more than one part; a / in a vhost is written %2F")
      }
      vhost = try Self.decoded(name, "the vhost")
    }
    var location = authority
    if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
      try readUser(authority[..<at])
      location = authority[(at + 1)...]
    }
    try readLocation(location)
  }

  private mutating func readUser(_ part: ArraySlice<UInt8>) throws(AMQPError) {
    guard !part.contains(UInt8(ascii: "@")) else {
      throw Self.invalid("an @ in the user name or password must be written %40")
    }
    let name = part.prefix { $0 != UInt8(ascii: ":") }
    username = try Self.decoded(name, "the user name")
    guard name.count < part.count else { return }
    password = Secret(try Self.decoded(part.dropFirst(name.count + 1), "the password"))
  }

  private mutating func readLocation(_ part: ArraySlice<UInt8>) throws(AMQPError) {
    var portDigits: ArraySlice<UInt8>?
    if part.first == UInt8(ascii: "[") {
      guard let end = part.firstIndex(of: UInt8(ascii: "]")) else {
        throw Self.invalid("the bracket before an IPv6 address is not closed")
      }
      let address = part[(part.startIndex + 1)..<end]
      let allowed = Array("0123456789abcdefABCDEF:.".utf8)
      guard address.contains(UInt8(ascii: ":")), address.allSatisfy(allowed.contains) else {
        throw Self.invalid("what stands in brackets is not an IPv6 address")
      }
      host = String(decoding: address, as: UTF8.self)
      let after = part[(end + 1)...]
      if let first = after.first {
        guard first == UInt8(ascii: ":") else {
          throw Self.invalid("after an IPv6 address only a port may follow")
        }
        portDigits = after.dropFirst()
      }
    } else {
      let name = part.prefix { $0 != UInt8(ascii: ":") }
      host = String(decoding: name, as: UTF8.self)
      if name.count < part.count { portDigits = part.dropFirst(name.count + 1) }
      let isName = name.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
          UInt8(ascii: "_"):
          true
        default: false
        }
      }
      guard isName else { throw Self.invalid("its host is not a host name") }
    }
    guard !host.isEmpty else { throw Self.invalid("it has no host") }
    guard let portDigits else { return }
    let isNumber = portDigits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard isNumber, let number = Int(String(decoding: portDigits, as: UTF8.self)),
      (1...65535).contains(number)
    else { throw Self.invalid("its port is not a number from 1 to 65535") }
    port = number
  }

  private static func decoded(
    _ bytes: ArraySlice<UInt8>, _ what: String
  ) throws(AMQPError) -> String {
    var text: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        text.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(hexadecimal),
        let low = rest.popFirst().flatMap(hexadecimal)
      else { throw invalid("\(what) has a % that two hexadecimal digits do not follow") }
      text.append(high << 4 | low)
    }
    guard !text.contains(0), let string = String(validating: text, as: UTF8.self) else {
      throw invalid("\(what) is not UTF-8 text when decoded")
    }
    return string
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func invalid(_ why: String) -> AMQPError {
    AMQPError(
      .invalidURL, "The broker's URL cannot be used: \(why)",
      advice: "write amqp[s]://[user[:password]@]host[:port][/vhost]")
  }
}

extension ArraySlice<UInt8> {
  /// Takes the prefix away, letters compared without case; false when it is not there.
  fileprivate mutating func removePrefix(_ prefix: StaticString) -> Bool {
    let wanted = UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
    guard count >= wanted.count else { return false }
    for (byte, expected) in zip(self, wanted) {
      let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
      guard (isUpper ? byte | 0x20 : byte) == expected else { return false }
    }
    self = dropFirst(wanted.count)
    return true
  }
}
