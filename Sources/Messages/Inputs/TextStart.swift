/// How a text begins: bodies are UTF-8, with or without a byte order mark.
package enum TextStart {
  /// Bytes to pass over: those of one byte order mark of UTF-8.
  ///
  /// - Throws: when the text begins as one in UTF-16 or UTF-32 does, with a mark or without.
  @inline(__always)
  package static func markBytes(_ text: UnsafeRawBufferPointer) throws(Rejection) -> Int {
    guard text.count >= 2 else { return 0 }
    let (first, second) = (text[0], text[1])
    if first == 0xEF { return second == 0xBB && text.count >= 3 && text[2] == 0xBF ? 3 : 0 }
    // No document in JSON or XML has a zero among its first bytes.
    guard first >= 0xFE || first == 0 || second == 0 else { return 0 }
    if first == 0 || second == 0 || (first == 0xFF && second == 0xFE)
      || (first == 0xFE && second == 0xFF)
    {
      throw Rejection(
        code: .unsupportedContentType, path: "$", offset: 0,
        detail: "expected the encoding UTF-8; the body begins as a text in UTF-16 or UTF-32 does")
    }
    return 0
  }
}
