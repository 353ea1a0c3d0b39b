internal import AMQP
internal import Execution
internal import Messages

extension HeaderWriter {
  /// Writes the headers of a message: ours first, then those that a parked message came with, as
  /// far as they fit a frame: AMQP has no way to go on in the next one. What is left out is said.
  ///
  /// - Parameters:
  ///   - bytes: what the values of ours lie in.
  ///   - kept: the entries of the table that the message came with; empty for none.
  mutating func write(
    _ ours: ArraySlice<HeaderOrder>, bytes: UnsafeRawBufferPointer,
    keeping kept: UnsafeRawBufferPointer, frameMaxBytes: Int
  ) {
    removeAll()
    for header in ours { append(header.name, bytes.part(header.value)) }
    guard !kept.isEmpty else { return }
    let mostBytes = frameMaxBytes - Self.propertyBytes
    var leftOut: Int64 = 0
    HeaderTable(entries: kept).forEach { name, _, raw in
      // A message that was parked before and replayed carries what we said of it then.
      if name.starts(with: Self.ownPrefix) { return }
      let routing = Self.routingHeaders.first { name.elementsEqual($0.name.utf8) }
      let extra = routing.map { $0.kept.utf8CodeUnitCount - name.count } ?? 0
      if self.bytes.count + raw.count + extra > mostBytes {
        leftOut += 1
      } else if let routing {
        append(routing.kept, rawValue: UnsafeRawBufferPointer(rebasing: raw[(1 + name.count)...]))
      } else {
        append(raw: raw)
      }
    }
    if leftOut > 0 { append(ParkedHeader.headersCut, leftOut) }
  }

  private static let ownPrefix = Array(ParkedHeader.prefix.utf8)
  /// RabbitMQ routes by these (sender-selected distribution): the copy carries them under others.
  private static let routingHeaders: [(name: String, kept: StaticString)] = [
    ("CC", ParkedHeader.originalCC), ("BCC", ParkedHeader.originalBCC),
  ]
  /// Room in a frame for seven other properties of 255 bytes, what was cut, and its own bytes.
  private static let propertyBytes = 2 << 10
}
