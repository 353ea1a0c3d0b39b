package import JSON

/// How a delivery goes out. Four channels have address fields of their own; any other takes its
/// address from `address`.
package enum Channel {
  /// The member of an event that a channel's address stands in.
  package enum AddressField: Sendable, CaseIterable {
    case email, mobilePhone, registrationToken, address

    package var name: StaticString {
      switch self {
      case .email: "email"
      case .mobilePhone: "mobilePhone"
      case .registrationToken: "registrationToken"
      case .address: "address"
      }
    }
  }

  package static func addressField(of channel: JSONString) -> AddressField {
    if channel == "email" { return .email }
    if channel == "sms" { return .mobilePhone }
    if channel == "push-ios" || channel == "push-android" { return .registrationToken }
    return .address
  }

  /// 1 to 32 of `a-z`, `0-9` and `-`.
  package static func isValid(_ channel: UnsafeRawBufferPointer) -> Bool {
    (1...Limits.channelBytes).contains(channel.count)
      && channel.allSatisfy { byte in
        0x61...0x7A ~= byte || 0x30...0x39 ~= byte || byte == UInt8(ascii: "-")
      }
  }

  /// Adobe Campaign's number of a channel.
  static func adobe(_ number: Int64) -> JSONString? {
    switch number {
    case 0: JSONString("email")
    case 1: JSONString("sms")
    case 41: JSONString("push-ios")
    case 42: JSONString("push-android")
    default: nil
    }
  }

  /// Whether a channel could be reached at this address. Not whether it exists.
  static func isValid(_ address: UnsafeRawBufferPointer, _ field: AddressField) -> Bool {
    switch field {
    case .email: isEmail(address)
    case .mobilePhone: isPhone(address)
    case .registrationToken:
      (1...Limits.addressBytes).contains(address.count)
        && address.allSatisfy { 0x21...0x7E ~= $0 }
    case .address:
      (1...Limits.addressBytes).contains(address.count)
        && address.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
  }

  static func expected(_ field: AddressField) -> String {
    switch field {
    case .email: "expected one address, like elsa@example.se"
    case .mobilePhone: "expected a phone number, like +46701234567"
    case .registrationToken: "expected 1 to 4096 printable characters without spaces"
    case .address: "expected 1 to 4096 bytes without control characters"
    }
  }

  private static func isEmail(_ address: UnsafeRawBufferPointer) -> Bool {
    guard address.count <= Limits.emailBytes,
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
    return true
  }

  private static func isPhone(_ address: UnsafeRawBufferPointer) -> Bool {
    guard address.count <= Limits.phoneBytes else { return false }
    var digits = address[...]
    if digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    guard let first = digits.first, isDigit(first) || first == UInt8(ascii: "(") else {
      return false
    }
    return digits.count >= 2
      && digits.allSatisfy { byte in
        isDigit(byte) || byte == 0x20 || byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")")
          || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
      }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
}
