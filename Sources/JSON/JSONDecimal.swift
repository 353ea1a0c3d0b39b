/// A JSON number as it is written, for comparing exact values: no rounding, no allocation.
struct JSONDecimal: Equatable {
  private let isNegative: Bool
  /// From the first significant digit to the last one that is not 0; may hold the point.
  private let digits: UnsafeRawBufferPointer
  /// The power of ten of the first significant digit, plus one: 3 of `123.4`, 0 of `0.5`.
  private let magnitude: Int

  private static let zero = UInt8(ascii: "0")
  private static let nine = UInt8(ascii: "9")
  private static let point = UInt8(ascii: ".")

  /// - Parameter text: a number by RFC 8259's grammar; anything else is compared, not checked.
  init(_ text: UnsafeRawBufferPointer) {
    var position = 0
    let isMinus = text.first == UInt8(ascii: "-")
    if isMinus { position = 1 }
    var before = 0  // digits before the point, without leading zeros
    var zerosAfter = 0  // zeros between the point and the first significant digit
    var hasPoint = false
    var first: Int?
    var last = 0
    while position < text.count {
      let byte = text[position]
      if byte == Self.point {
        hasPoint = true
      } else if byte >= Self.zero, byte <= Self.nine {
        if byte != Self.zero {
          first = first ?? position
          last = position
        }
        if first == nil {
          if hasPoint { zerosAfter += 1 }
        } else if !hasPoint {
          before += 1
        }
      } else {
        break
      }
      position += 1
    }
    guard let first else {
      // Zero has one value, whatever its sign and exponent.
      (isNegative, digits, magnitude) = (false, UnsafeRawBufferPointer(rebasing: text[..<0]), 0)
      return
    }
    isNegative = isMinus
    digits = UnsafeRawBufferPointer(rebasing: text[first...last])
    magnitude = before - zerosAfter + Self.exponent(in: text, from: position)
  }

  private static func exponent(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard start < text.count else { return 0 }
    var exponent = 0
    var isNegative = false
    for byte in text[(start + 1)...] {
      if byte == UInt8(ascii: "-") { isNegative = true }
      guard byte >= zero, byte <= nine else { continue }
      // Beyond this the doubles are all zero; the parser refuses what is too large.
      exponent = min(exponent * 10 + Int(byte - zero), 1 << 50)
    }
    return isNegative ? -exponent : exponent
  }

  static func == (left: JSONDecimal, right: JSONDecimal) -> Bool {
    guard left.isNegative == right.isNegative, left.magnitude == right.magnitude else {
      return false
    }
    var one = left.digits.makeIterator()
    var other = right.digits.makeIterator()
    while true {
      var digit = one.next()
      if digit == point { digit = one.next() }
      var another = other.next()
      if another == point { another = other.next() }
      if digit != another { return false }
      if digit == nil { return true }
    }
  }
}
