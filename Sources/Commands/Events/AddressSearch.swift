internal import JSON

/// Looks for an address in the bodies of events. E-mail addresses are the same whatever letters
/// are capital, as mail is delivered; phone numbers whatever stands between their digits; tokens
/// and other addresses byte by byte.
final class AddressSearch {
  private enum Wanted {
    case email([UInt8])
    case phone([UInt8])
    case exact([UInt8])
  }

  private let wanted: Wanted
  private let bytes: [UInt8]
  private let parser = JSONParser()

  private static let fields: [StaticString] = [
    "email", "mobilePhone", "registrationToken", "address",
  ]

  init(_ address: String) {
    bytes = Array(address.utf8)
    if bytes.contains(UInt8(ascii: "@")) {
      wanted = .email(bytes.map(Self.lower))
    } else if bytes.allSatisfy(Self.isOfPhone), bytes.contains(where: { 0x30...0x39 ~= $0 }) {
      wanted = .phone(Self.digits(bytes))
    } else {
      wanted = .exact(bytes)
    }
  }

  func isIn(_ body: UnsafeRawBufferPointer) -> Bool {
    guard mayHold(body) else { return false }
    let found = try? parser.withDocument(Array(body)) { root in
      isField(of: root) || (root["data"].map { isField(of: $0) } ?? false)
    }
    return found ?? false
  }

  private func isField(of value: JSONValue) -> Bool {
    guard value.kind == .object else { return false }
    return Self.fields.contains { name in
      guard let text = value[name]?.asString else { return false }
      return isSame(Array(text.bytes))
    }
  }

  private func isSame(_ address: [UInt8]) -> Bool {
    switch wanted {
    case .email(let lower): address.map(Self.lower) == lower
    case .phone(let digits):
      address == bytes || (address.allSatisfy(Self.isOfPhone) && Self.digits(address) == digits)
    case .exact(let bytes): address == bytes
    }
  }

  /// Parsing costs more than looking: only where the address may be. What is written with escapes
  /// is parsed, and all bodies when a phone number is looked for.
  private func mayHold(_ body: UnsafeRawBufferPointer) -> Bool {
    let needle: [UInt8]
    switch wanted {
    case .phone: return true
    case .email(let lower): needle = lower
    case .exact(let bytes): needle = bytes
    }
    guard let first = needle.first, body.count >= needle.count else { return needle.isEmpty }
    for start in 0..<body.count {
      if body[start] == UInt8(ascii: "\\") { return true }
      guard Self.lower(body[start]) == Self.lower(first), start + needle.count <= body.count
      else { continue }
      let isHere = needle.indices.allSatisfy { index in
        Self.lower(body[start + index]) == Self.lower(needle[index])
      }
      if isHere { return true }
    }
    return false
  }

  private static func lower(_ byte: UInt8) -> UInt8 {
    0x41...0x5A ~= byte ? byte | 0x20 : byte
  }

  private static func isOfPhone(_ byte: UInt8) -> Bool {
    0x30...0x39 ~= byte || " +-()./".utf8.contains(byte)
  }

  private static func digits(_ bytes: [UInt8]) -> [UInt8] {
    bytes.filter { 0x30...0x39 ~= $0 }
  }
}
