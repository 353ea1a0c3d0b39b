extension HeaderTable {
  /// The routing key that a dead-lettered message was published with first: of the last (so the
  /// earliest) entry of `x-death`. Nil when the broker has not dead-lettered it.
  package var firstDeathRoutingKey: String? {
    guard let deaths = array("x-death") else { return nil }
    var reader = ByteReader(deaths)
    var key: String?
    while let entry = TableScanner.value(&reader) {
      guard entry.0 == UInt8(ascii: "F"),
        let keys = HeaderTable(entries: entry.1).array("routing-keys")
      else { continue }
      var keyReader = ByteReader(keys)
      guard let first = TableScanner.value(&keyReader), first.0 == UInt8(ascii: "S") else {
        continue
      }
      key = String(decoding: first.1, as: UTF8.self)
    }
    return key
  }

  /// The contents of an array; nil when there is no array of that name.
  private func array(_ name: StaticString) -> UnsafeRawBufferPointer? {
    let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    var scanner = TableScanner(entries: entries)
    while let entry = scanner.next() {
      guard entry.name.elementsEqual(wanted) else { continue }
      return entry.kind == UInt8(ascii: "A") ? entry.value : nil
    }
    return nil
  }
}
