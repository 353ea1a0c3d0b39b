internal import CZlib
internal import JSON

/// Unpacks a compressed body, bit by bit: gzip (RFC 1952), zlib (RFC 1950) or deflate (RFC 1951),
/// several times when it was compressed so. What comes out is bounded, however little went in.
package final class Unpacker {
  private let encoding: ContentEncoding
  private let maxBytes: Int
  /// The layer that is being unpacked, from 0.
  private var layer = 0
  /// What the layer before came to; nil in the first one, which is the body.
  private var input: [UInt8]?
  /// Bytes of the input that are behind us.
  private var taken = 0
  /// What has come out of this layer.
  private var output: [UInt8] = []
  private var inflater: Inflater?

  /// - Parameter maxBytes: of each layer's content.
  package init(_ encoding: ContentEncoding, maxBytes: Int) {
    precondition(encoding.layers > 0, "only what is compressed is unpacked")
    self.encoding = encoding
    self.maxBytes = maxBytes
  }

  /// Unpacks some `bytes` more: at most so many are read and written. True at the end.
  ///
  /// - Parameter body: the same in each call.
  /// - Throws: when it is not compressed as it should be, is damaged, or becomes too large.
  package func advance(
    _ body: UnsafeRawBufferPointer, bytes: Int
  ) throws(Rejection) -> Bool {
    let isEnd =
      if let input {
        try input.withUnsafeBufferPointer { (input) throws(Rejection) in
          try step(UnsafeRawBufferPointer(input), bytes: bytes)
        }
      } else {
        try step(body, bytes: bytes)
      }
    guard isEnd else { return false }
    layer += 1
    guard layer < encoding.layers else { return true }
    input = output
    output = []
    taken = 0
    inflater = nil
    return false
  }

  /// Hands over the content, once the end is reached.
  package func finish() -> [UInt8] {
    inflater = nil
    input = nil
    defer { output = [] }
    return output
  }

  /// True at the end of the layer.
  private func step(
    _ source: UnsafeRawBufferPointer, bytes: Int
  ) throws(Rejection) -> Bool {
    if inflater == nil { inflater = try begin(source) }
    guard let inflater else { return false }
    let part = source[taken..<min(taken + bytes, source.count)]
    let result = inflater.inflate(
      UnsafeRawBufferPointer(rebasing: part), atMost: bytes, into: &output)
    taken += result.taken
    guard output.count <= maxBytes else {
      throw Rejection(
        code: .tooLarge, path: "$", offset: nil,
        detail: "the body is compressed and has more than \(maxBytes) bytes without that")
    }
    switch result.state {
    case .goesOn:
      let isStuck = result.taken == 0 && result.written == 0
      guard isStuck, taken == source.count else { return false }
      throw Self.damaged("the compressed data has no end")
    case .damaged:
      throw Self.damaged("the compressed data is damaged")
    case .noMemory:
      throw Self.damaged("there is no memory to unpack it")
    case .end:
      let rest = source[taken...]
      guard !rest.isEmpty else { return true }
      // Files of gzip may be put behind each other (RFC 1952, section 2.2).
      guard Inflater.isGzip(UnsafeRawBufferPointer(rebasing: rest)) else {
        throw Self.damaged("bytes follow the end of the compressed data")
      }
      self.inflater = nil
      return false
    }
  }

  private func begin(_ source: UnsafeRawBufferPointer) throws(Rejection) -> Inflater {
    let rest = UnsafeRawBufferPointer(rebasing: source[taken...])
    let form: Inflater.Form
    if Inflater.isGzip(rest) {
      form = .gzip
    } else if Inflater.isZlib(rest) {
      form = .zlib
    } else if encoding.mayBeRaw, !rest.isEmpty {
      form = .raw
    } else {
      throw Self.damaged("it does not begin as gzip or deflate does")
    }
    guard let inflater = Inflater(form) else {
      throw Self.damaged("there is no memory to unpack it")
    }
    return inflater
  }

  private static func damaged(_ detail: String) -> Rejection {
    Rejection(
      code: .badValue, path: "content_encoding", offset: nil,
      detail: "expected a body that is compressed as it says: \(detail)")
  }
}

/// zlib's state for one stream. It stays at one place in memory, which zlib asks for.
private final class Inflater {
  enum Form: Int32 {
    // zlib's `windowBits`: the largest window, and what is around the data.
    case raw = -15
    case zlib = 15
    case gzip = 31
  }

  enum State {
    case goesOn, end, damaged, noMemory
  }

  private let stream: UnsafeMutablePointer<z_stream>

  /// Nil when there is no memory.
  init?(_ form: Form) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(stream, form.rawValue, ZLIB_VERSION, size) == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Appends what comes of some bytes, at most so many.
  func inflate(
    _ source: UnsafeRawBufferPointer, atMost most: Int, into output: inout [UInt8]
  ) -> (state: State, taken: Int, written: Int) {
    var code = Z_OK
    var written = 0
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: source.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(source.count)
    let part = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      stream.pointee.next_out = buffer.baseAddress
      stream.pointee.avail_out = UInt32(most)
      code = CZlib.inflate(stream, Z_NO_FLUSH)
      written = most - Int(stream.pointee.avail_out)
      count = written
    }
    output.append(contentsOf: part)
    let taken = source.count - Int(stream.pointee.avail_in)
    stream.pointee.next_in = nil
    stream.pointee.avail_in = 0
    switch code {
    // Z_BUF_ERROR is no error: nothing could be read or written in this call.
    case Z_OK, Z_BUF_ERROR: return (.goesOn, taken, written)
    case Z_STREAM_END: return (.end, taken, written)
    case Z_MEM_ERROR: return (.noMemory, taken, written)
    default: return (.damaged, taken, written)
    }
  }

  static func isGzip(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B
  }

  /// RFC 1950, section 2.2: method 8, a window of at most 32 KiB, a check that is a multiple of 31.
  static func isZlib(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count >= 2 && bytes[0] & 0x0F == 8 && bytes[0] >> 4 <= 7
      && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
  }
}
