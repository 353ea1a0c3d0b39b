/// A value of a parsed document: a view read in place, two words large. Valid until the next
/// `parse` of the parser that made it. Reading it never allocates unless it says so.
package struct JSONValue {
  /// The six kinds of JSON values, true and false taken as one.
  package enum Kind: Sendable { case null, bool, number, string, array, object }

  let document: UnsafePointer<JSONDocument>
  /// The value's word on the tape.
  let index: Int

  init(document: UnsafePointer<JSONDocument>, index: Int) {
    self.document = document
    self.index = index
  }

  var tag: UInt8 { document.pointee.tag(at: index) }

  /// Which of the six kinds this value is.
  package var kind: Kind {
    switch tag {
    case JSONDocument.Tag.object: .object
    case JSONDocument.Tag.array: .array
    case JSONDocument.Tag.string: .string
    case JSONDocument.Tag.true, JSONDocument.Tag.false: .bool
    case JSONDocument.Tag.null: .null
    default: .number
    }
  }

  /// True of `null`.
  package var isNull: Bool { tag == JSONDocument.Tag.null }

  /// The truth value; nil for other kinds.
  package var asBool: Bool? {
    switch tag {
    case JSONDocument.Tag.true: true
    case JSONDocument.Tag.false: false
    default: nil
    }
  }

  /// The number when it is a whole one in the range of `Int64`, however it is written (`1`,
  /// `1.0`); nil otherwise.
  package var asInt64: Int64? {
    let word = document.pointee.tape[index + 1]
    return switch tag {
    case JSONDocument.Tag.integer: Int64(bitPattern: word)
    case JSONDocument.Tag.double: Int64(exactly: Double(bitPattern: word))
    default: nil
    }
  }

  /// The number as the nearest double; nil for other kinds.
  package var asDouble: Double? {
    let word = document.pointee.tape[index + 1]
    return switch tag {
    case JSONDocument.Tag.integer: Double(Int64(bitPattern: word))
    case JSONDocument.Tag.unsigned: Double(word)
    case JSONDocument.Tag.double: Double(bitPattern: word)
    default: nil
    }
  }

  /// The string; nil for other kinds.
  package var asString: JSONString? {
    guard tag == JSONDocument.Tag.string else { return nil }
    return JSONString(bytes: document.pointee.string(at: index))
  }

  /// What a Mustache section takes for false: null, false, the empty array, the empty string.
  package var isEmptyOrFalse: Bool {
    switch tag {
    case JSONDocument.Tag.null, JSONDocument.Tag.false: true
    case JSONDocument.Tag.array: document.pointee.next(after: index) == index + 2
    case JSONDocument.Tag.string: document.pointee.string(at: index).isEmpty
    default: false
    }
  }
}
