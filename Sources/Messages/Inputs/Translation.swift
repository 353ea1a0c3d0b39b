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

  /// Writes over the end of the last event: from its last byte on.
  mutating func amendLast(_ write: (inout ByteWriter) -> Void) {
    guard let last = elements.indices.last, elements[last].refusal == nil else { return }
    output.truncate(to: elements[last].json.upperBound - 1)
    write(&output)
    elements[last].json = elements[last].json.lowerBound..<output.count
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
