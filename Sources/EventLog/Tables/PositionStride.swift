internal import LogSequence

/// The position of every eighth record is remembered (`Limits.lsnStride`). A stride is the number
/// of such a record among them: its LSN divided by eight.
extension LSN {
  /// Whether the record's position is remembered.
  @inline(__always)
  var isAtStride: Bool { rawValue % Limits.lsnStride == 0 }

  /// Of the newest remembered record at or before this one.
  @inline(__always)
  var stride: UInt64 { rawValue / Limits.lsnStride }

  /// Of the oldest remembered record at or after this one.
  var strideAtOrAfter: UInt64 { (rawValue + Limits.lsnStride - 1) / Limits.lsnStride }

  /// Of the remembered record with this stride.
  init(atStride stride: UInt64) { self.init(stride * Limits.lsnStride) }
}
