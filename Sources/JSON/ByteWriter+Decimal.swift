extension ByteWriter {
  /// Appends the number in decimal digits, with '-' when negative.
  package mutating func write(decimal: Int) {
    if decimal < 0 { write(byte: UInt8(ascii: "-")) }
    write(decimal: UInt64(decimal.magnitude))
  }

  /// Appends the number in decimal digits.
  package mutating func write(decimal: UInt64) {
    if decimal < 10 { return write(byte: UInt8(ascii: "0") + UInt8(decimal)) }
    var digits = 0
    var rest = decimal
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    write(decimal: decimal, digits: digits)
  }

  /// Appends the lowest `digits` digits of the number, with leading zeros.
  package mutating func write(decimal: UInt64, digits: Int) {
    precondition((1...20).contains(digits), "a 64-bit number has at most 20 digits")
    var text = InlineArray<20, UInt8>(repeating: 0)
    var rest = decimal
    for index in (0..<digits).reversed() {
      text[index] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
    for index in 0..<digits { write(byte: text[index]) }
  }
}
