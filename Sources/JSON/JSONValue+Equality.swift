extension JSONValue {
  /// The same JSON value: members in any order, numbers by their mathematical value (1 = 1.0 =
  /// 1e0), strings by their characters. Where a name occurs more than once, its values must be the
  /// same list. The documents may be of different parsers. Allocates only when the order of
  /// members differs; never takes more than n log n time.
  package func equals(_ other: JSONValue) -> Bool {
    switch (kind, other.kind) {
    case (.null, .null): true
    case (.bool, .bool): tag == other.tag
    case (.number, .number): equalsNumber(other)
    case (.string, .string): asString == other.asString
    case (.array, .array): equalsArray(other)
    case (.object, .object): equalsObject(other)
    default: false
    }
  }

  /// The same, but for members of these two objects themselves that are null in one and absent in
  /// the other.
  package func equalsButForNulls(_ other: JSONValue) -> Bool {
    if equals(other) { return true }
    guard kind == .object, other.kind == .object else { return false }
    return Self.equalInAnyOrder(
      members.filter { !$0.value.isNull }, other.members.filter { !$0.value.isNull })
  }

  private func equalsNumber(_ other: JSONValue) -> Bool {
    if tag == JSONDocument.Tag.integer, other.tag == JSONDocument.Tag.integer {
      return asInt64 == other.asInt64
    }
    let (left, right) = (source, other.source)
    return equal(left, right) || JSONDecimal(left) == JSONDecimal(right)
  }

  private func equalsArray(_ other: JSONValue) -> Bool {
    var (left, right) = (elements, other.elements)
    while let one = left.next() {
      guard let another = right.next(), one.equals(another) else { return false }
    }
    return right.next() == nil
  }

  /// Walks both side by side while the names agree, which is nearly always to the end.
  private func equalsObject(_ other: JSONValue) -> Bool {
    var (left, right) = (members, other.members)
    while let one = left.next() {
      guard let another = right.next() else { return false }
      guard one.name == another.name else {
        return Self.equalInAnyOrder([one] + Array(left), [another] + Array(right))
      }
      guard one.value.equals(another.value) else { return false }
    }
    return right.next() == nil
  }

  private typealias Member = (name: JSONString, value: JSONValue)

  private static func equalInAnyOrder(_ left: [Member], _ right: [Member]) -> Bool {
    guard left.count == right.count else { return false }
    for (one, another) in zip(sortedByName(left), sortedByName(right)) {
      guard one.name == another.name, one.value.equals(another.value) else { return false }
    }
    return true
  }

  /// Values of one name stay in the order of the document: the tape's order.
  private static func sortedByName(_ members: [Member]) -> [Member] {
    members.sorted { one, another in
      if one.name == another.name { return one.value.index < another.value.index }
      return precedes(one.name.bytes, another.name.bytes)
    }
  }

  /// A name that this object has more than once, of the members at its top level; nil when every
  /// name is there once or this is not an object. Does not allocate up to 64 members.
  package func firstDuplicateKey() -> JSONString? {
    guard count > 1 else { return nil }
    if count > 64 { return firstDuplicateKeyBySorting() }
    // One bit a name, by length and last byte: most names meet no bit of an earlier one.
    var seen: UInt64 = 0
    var position = 0
    for (name, _) in members {
      let last = name.bytes.last ?? 0
      let bit = UInt64(1) << UInt64((name.count &* 7 &+ Int(last)) & 63)
      if seen & bit != 0 {
        for (earlier, _) in members.prefix(position) where earlier == name { return name }
      }
      seen |= bit
      position += 1
    }
    return nil
  }

  private func firstDuplicateKeyBySorting() -> JSONString? {
    let sorted = Self.sortedByName(Array(members))
    for (one, another) in zip(sorted, sorted.dropFirst()) where one.name == another.name {
      return another.name
    }
    return nil
  }
}
