package import JSON

/// The events of a body that is written in another notation than ours, written in ours: what is
/// stored, compared and rendered. The same body always gives the same bytes.
package struct Translation: ~Copyable {
  /// One event of the body.
  package struct Element {
    /// The event in `output`: as JSON of ours, or as it came when it is refused.
    package var json: Range<Int>
    /// The event as it stands in the body.
    package var source: Range<Int>
    /// Why it is no event; nil when only the event's own rules are left to be checked.
    package var refusal: Rejection?
  }

  /// The events' bytes.
  package var output: ByteWriter
  /// In the order of the body, in `output` too.
  package private(set) var elements: [Element] = []
  /// Whether the body is one for several events, however many it holds.
  package internal(set) var isBatch: Bool
  /// W3C trace context that the event itself carries; empty for none and for batches.
  package var traceParent: [UInt8] = []
  /// The same's `tracestate`.
  package var traceState: [UInt8] = []

  init(isBatch: Bool, capacity: Int) {
    self.isBatch = isBatch
    output = ByteWriter(capacity: capacity)
  }

  /// Refuses an event that could be translated.
  mutating func refuse(_ place: Int, _ refusal: Rejection) {
    if elements[place].refusal == nil { elements[place].refusal = refusal }
  }

  /// Writes over the ends of some events: from the last byte of each on.
  ///
  /// - Parameter places: of the events, ascending. Those that are refused stay as they are.
  mutating func amend(_ places: [Int], _ write: (Int, inout ByteWriter) -> Void) {
    guard let first = places.first else { return }
    var result = ByteWriter(capacity: output.count + places.count * 64)
    let kept = elements[first].json.lowerBound
    output.withBytes { result.write(UnsafeRawBufferPointer(rebasing: $0[..<kept])) }
    var rest = places[...]
    for place in first..<elements.count {
      let start = result.count
      let isAmended = rest.first == place && elements[place].refusal == nil
      if rest.first == place { rest.removeFirst() }
      let json = elements[place].json
      output.withBytes { bytes in
        result.write(UnsafeRawBufferPointer(rebasing: bytes[isAmended ? json.dropLast() : json]))
      }
      if isAmended { write(place, &result) }
      elements[place].json = start..<result.count
    }
    output = result
  }

  /// Adds an event that `write` writes; refused when that throws.
  mutating func add(
    _ source: Range<Int>, of body: UnsafeRawBufferPointer,
    _ write: (inout ByteWriter) throws(Rejection) -> Void
  ) {
    let start = output.count
    do throws(Rejection) {
      try write(&output)
      elements.append(Element(json: start..<output.count, source: source, refusal: nil))
    } catch {
      output.truncate(to: start)
      output.write(UnsafeRawBufferPointer(rebasing: body[source]))
      elements.append(Element(json: start..<output.count, source: source, refusal: error))
    }
  }
}
