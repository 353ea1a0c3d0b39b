/// One frame as it stands in the input: valid only while the input is.
struct Frame {
  enum Kind: UInt8 {
    case method = 1
    case header = 2
    case body = 3
    case heartbeat = 8
  }

  let kind: Kind
  let channel: UInt16
  let payload: UnsafeRawBufferPointer
}
