internal import Glibc

/// Hashes and comparisons of the byte views that templates are looked up by.
enum MatchKey {
  /// One part of a key and its hash. An empty part stands for none.
  struct Part {
    var bytes: UnsafeRawBufferPointer
    var hash: UInt64

    init(_ bytes: UnsafeRawBufferPointer?, ignoringCase: Bool = false) {
      self.bytes = bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
      hash = MatchKey.hash(self.bytes, or: ignoringCase ? 0x2020_2020_2020_2020 : 0)
    }
  }

  /// What a shelf is found by.
  struct Parts {
    var eventType: Part
    var channel: Part
    var origin: Part
    var language: Part

    var hash: UInt64 {
      mix(mix(mix(eventType.hash, channel.hash), origin.hash), language.hash)
    }
  }

  /// Eight bytes a step. It need not withstand an attack: only the templates are stored, and an
  /// event can do no worse than to miss.
  private static func hash(_ bytes: UnsafeRawBufferPointer, or fold: UInt64) -> UInt64 {
    var hash = UInt64(bytes.count)
    var index = 0
    while index &+ 8 <= bytes.count {
      let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      hash = mix(hash, word | fold)
      index &+= 8
    }
    var last: UInt64 = 0
    while index < bytes.count {
      last = last &<< 8 | UInt64(bytes[index])
      index &+= 1
    }
    return mix(hash, last | fold)
  }

  @inline(__always)
  fileprivate static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = ((hash ^ word) &+ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(
      by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }

  /// The same bytes.
  static func equal(_ left: UnsafeRawBufferPointer, _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    guard let start = left.baseAddress else { return true }
    return right.withUnsafeBytes { right in
      right.baseAddress.map { memcmp(start, $0, left.count) == 0 } ?? true
    }
  }

  /// The same bytes, capital letters of ASCII taken as small ones. `right` is in small letters.
  static func equalIgnoringCase(_ left: UnsafeRawBufferPointer, _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    for index in 0..<right.count where lowercase(left[index]) != right[index] { return false }
    return true
  }

  static func lowercase(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
