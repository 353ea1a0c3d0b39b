import Messages

extension RecordPayload {
  /// What a payload holds beside the event's body, at most: the fields of fixed length, the facts
  /// (`EventFacts` counts them with 16 bits), the longest reason and the future logs. An event fits
  /// a record when its body and this do.
  package static let mostBytesBesideBody =
    headerBytes + Int(UInt16.max) + MessageLimits.reasonCodeBytes + TransitionReason.maxTextBytes
    + MessageLimits.providerMessageIDBytes + FutureLogs.mostBytes
}
