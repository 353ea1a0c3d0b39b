/// A message that a client of AMQP 1.0 has sent with its body in another section than data:
/// RabbitMQ hands the encoded section on as the body and says so by the type `amqp-1.0`.
///
/// Encoding: OASIS AMQP 1.0, part 1 (types) and part 3, section 3.2 (sections).
package enum AMQPSections {
  /// The property `type` of such a message.
  package static let type: StaticString = "amqp-1.0"

  /// Where the content stands in the body: that of a value section which is a string or binary,
  /// or of one data section.
  ///
  /// - Throws: for all other sections and values.
  package static func content(of body: UnsafeRawBufferPointer) throws(Rejection) -> Range<Int> {
    var reader = SectionReader(body)
    guard let section = reader.descriptor() else {
      throw refusal("its body is no section of AMQP 1.0")
    }
    guard section == .value || section == .data else {
      throw refusal(section == .sequence ? "it has a sequence section" : "it has another section")
    }
    let kind = reader.byte
    let isText =
      section == .value && (kind == SectionReader.shortString || kind == SectionReader.longString)
    let isBinary = kind == SectionReader.shortBinary || kind == SectionReader.longBinary
    guard isText || isBinary else {
      throw refusal("its value section is \(SectionReader.name(of: kind))")
    }
    guard let content = reader.variable() else { throw refusal("its section is cut off") }
    guard reader.isAtEnd || reader.descriptor() == .footer else {
      throw refusal("it has several sections")
    }
    return content
  }

  private static func refusal(_ found: String) -> Rejection {
    Rejection(
      code: .unsupportedContentType, path: "type", offset: nil,
      detail: "expected a message of AMQP 1.0 with a data section, or with a value section that "
        + "is a string or binary; \(found)")
  }
}

/// Reads encoded sections.
private struct SectionReader {
  enum Section {
    case data, sequence, value, footer, other
  }

  static let shortBinary: UInt8 = 0xA0
  static let longBinary: UInt8 = 0xB0
  static let shortString: UInt8 = 0xA1
  static let longString: UInt8 = 0xB1

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { position == bytes.count }

  /// The next byte; nil at the end.
  var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// What section begins here: a described type whose descriptor is a number, small or of eight
  /// bytes, or a symbol.
  mutating func descriptor() -> Section? {
    guard take() == 0x00, let form = byte else { return nil }
    switch form {
    case 0x53:
      position += 1
      return take().map { Self.section(UInt64($0)) }
    case 0x80:
      guard bytes.count - position >= 9 else { return nil }
      let code = bytes.loadUnaligned(fromByteOffset: position + 1, as: UInt64.self)
      position += 9
      return Self.section(UInt64(bigEndian: code))
    case 0xA3:
      guard let symbol = variable() else { return nil }
      return Self.section(named: bytes[symbol])
    default: return nil
    }
  }

  /// Where the bytes of the string, binary or symbol stand that begins here.
  mutating func variable() -> Range<Int>? {
    guard let form = take() else { return nil }
    var count = 0
    for _ in 0..<(form & 0xF0 == 0xA0 ? 1 : 4) {
      guard let byte = take() else { return nil }
      count = count << 8 | Int(byte)
    }
    guard count <= bytes.count - position else { return nil }
    position += count
    return position - count..<position
  }

  private mutating func take() -> UInt8? {
    guard let byte else { return nil }
    position += 1
    return byte
  }

  private static func section(_ code: UInt64) -> Section {
    switch code {
    case 0x75: .data
    case 0x76: .sequence
    case 0x77: .value
    case 0x78: .footer
    default: .other
    }
  }

  private static func section(named name: Slice<UnsafeRawBufferPointer>) -> Section {
    if name.equals("amqp:data:binary") { return .data }
    if name.equals("amqp:amqp-sequence:list") { return .sequence }
    if name.equals("amqp:amqp-value:*") { return .value }
    return name.equals("amqp:footer:map") ? .footer : .other
  }

  static func name(of kind: UInt8?) -> String {
    switch kind {
    case nil: "cut off"
    case 0x40: "null"
    case 0x45, 0xC0, 0xD0: "a list"
    case 0xC1, 0xD1: "a map"
    case 0xA3, 0xB3: "a symbol"
    case 0xE0, 0xF0: "an array"
    default: "neither"
    }
  }
}
