package import JSON

/// How a delivery goes out. Four channels have address fields of their own; any other takes its
/// address from `address`.
package enum Channel {
  /// The member of an event that a channel's address stands in.
  package enum AddressField: Sendable, CaseIterable {
    case email, mobilePhone, registrationToken, address

    /// As it stands in events, and in `to` of deliveries.
    package var name: StaticString {
      switch self {
      case .email: "email"
      case .mobilePhone: "mobilePhone"
      case .registrationToken: "registrationToken"
      case .address: "address"
      }
    }
  }

  /// The member that the channel's address stands in.
  package static func addressField(of channel: JSONString) -> AddressField {
    if channel == "email" { return .email }
    if channel == "sms" { return .mobilePhone }
    if channel == "push-ios" || channel == "push-android" { return .registrationToken }
    return .address
  }

  /// 1 to 32 of `a-z`, `0-9` and `-`.
  package static func isValid(_ channel: UnsafeRawBufferPointer) -> Bool {
    (1...MessageLimits.channelBytes).contains(channel.count)
      && channel.allSatisfy { byte in
        0x61...0x7A ~= byte || 0x30...0x39 ~= byte || byte == UInt8(ascii: "-")
      }
  }

  /// The channel that Adobe Campaign has this number for.
  static func adobe(_ number: Int64) -> JSONString? {
    switch number {
    case 0: JSONString("email")
    case 1: JSONString("sms")
    case 41: JSONString("push-ios")
    case 42: JSONString("push-android")
    default: nil
    }
  }

  /// The same of a number that came as text: `41`, without leading zeros.
  static func adobe(_ number: JSONString) -> JSONString? {
    if number == "0" { return adobe(0) }
    if number == "1" { return adobe(1) }
    if number == "41" { return adobe(41) }
    if number == "42" { return adobe(42) }
    return nil
  }

  /// Whether a channel could be reached at this address. Not whether it exists.
  static func isValid(_ address: UnsafeRawBufferPointer, _ field: AddressField) -> Bool {
    switch field {
    case .email: isEmail(address)
    case .mobilePhone: isPhone(address)
    case .registrationToken:
      (1...MessageLimits.addressBytes).contains(address.count)
        && address.allSatisfy { 0x21...0x7E ~= $0 }
    case .address: (1...MessageLimits.addressBytes).contains(address.count)
    }
  }

  static func expected(_ field: AddressField) -> String {
    switch field {
    case .email: "expected one address, like elsa@example.se, without invisible characters"
    case .mobilePhone: "expected a phone number, like +46701234567"
    case .registrationToken: "expected 1 to 4096 printable characters without spaces"
    case .address: "expected 1 to 4096 bytes"
    }
  }

  /// Whether it could be one e-mail address, without a display name.
  package static func isEmail(_ address: UnsafeRawBufferPointer) -> Bool {
    guard address.count <= MessageLimits.emailBytes,
      let at = address.firstIndex(of: UInt8(ascii: "@")), at > 0, at < address.count - 1
    else { return false }
    for (index, byte) in address.enumerated() {
      switch byte {
      case 0...0x20, 0x7F, UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "<"),
        UInt8(ascii: ">"):
        return false
      case UInt8(ascii: "@") where index != at: return false
      default: continue
      }
    }
    // White space beyond ASCII, a no-break space above all, comes along when people copy, and so
    // does what nobody sees: zero-width characters, byte order marks, marks of direction.
    return address.allSatisfy { $0 < 0x80 }
      || !String(decoding: address, as: UTF8.self).unicodeScalars.contains {
        $0.properties.isWhitespace || $0.properties.isDefaultIgnorableCodePoint
          || $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
      }
  }

  private static func isPhone(_ address: UnsafeRawBufferPointer) -> Bool {
    guard address.count <= MessageLimits.phoneBytes else { return false }
    var digits = address[...]
    if digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    guard let first = digits.first, isDigit(first) || first == UInt8(ascii: "(") else {
      return false
    }
    return digits.count >= 2 && digits.contains(where: isDigit)
      && digits.allSatisfy { byte in
        isDigit(byte) || byte == 0x20 || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")")
          || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
      }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
}
