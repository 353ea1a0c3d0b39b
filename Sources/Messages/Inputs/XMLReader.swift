internal import CExpat
internal import Glibc
internal import JSON

/// What an XML document tells as it is read: elements without their prefixes, attributes but for
/// namespaces and those with a prefix, text.
protocol XMLReaderDelegate: AnyObject {
  /// A rejection with an empty path gets that of the element.
  ///
  /// - Parameter offset: of the tag's first byte.
  func began(_ name: [UInt8], _ attributes: [(name: [UInt8], value: [UInt8])], at offset: Int)
    throws(Rejection)
  /// - Parameter offset: behind the tag's last byte.
  func ended(at offset: Int) throws(Rejection)
  func text(_ bytes: UnsafeRawBufferPointer)
}

/// Reads a document with Expat, bit by bit. UTF-8 only. A document type is refused where it is
/// declared, before anything of it is read: there are no entities but the five of XML itself, and
/// nothing is ever fetched.
final class XMLReader {
  private let delegate: any XMLReaderDelegate
  private let maxDepth: Int
  /// Nil when there was no memory for it.
  private let parser: XML_Parser?
  /// The document, in a call of `advance` only.
  private var body = UnsafeRawBufferPointer(start: nil, count: 0)
  /// Bytes that Expat has been given.
  private var fed = 0
  /// Whether anything has come of the last ones.
  private var hasCome = true
  /// What to give next: more each time that nothing has come, since Expat looks at a tag from its
  /// beginning again until it has all of it.
  private var nextBytes = 0
  /// The elements around the present place, for the path of an error.
  private var path: [(name: [UInt8], index: Int)] = []
  /// Elements so far inside each of them, and at the top.
  private var children: [Int] = [0]
  private var refusal: Rejection?

  init(_ delegate: any XMLReaderDelegate, maxDepth: Int) {
    self.delegate = delegate
    self.maxDepth = maxDepth
    parser = XML_ParserCreate("UTF-8")
    install()
  }

  deinit { XML_ParserFree(parser) }

  /// Reads some `bytes` more of the document, the same in each call. True at its end.
  ///
  /// - Throws: what is wrong with the document, or what the delegate throws. The reader is then
  ///   done.
  func advance(_ body: UnsafeRawBufferPointer, bytes: Int) throws(Rejection) -> Bool {
    guard let parser else {
      throw Rejection(
        code: .notXML, path: "/", offset: nil, detail: "there is no memory to read the document")
    }
    if fed == 0 { _ = try TextStart.markBytes(body) }
    self.body = body
    defer { self.body = UnsafeRawBufferPointer(start: nil, count: 0) }
    nextBytes = hasCome ? bytes : nextBytes * 2
    hasCome = false
    let count = min(nextBytes, body.count - fed)
    let part = UnsafeRawBufferPointer(rebasing: body[fed..<fed + count])
    fed += count
    let isEnd = fed == body.count
    let status = withExtendedLifetime(self) {
      XML_Parse(
        parser, part.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(count), isEnd ? 1 : 0)
    }
    if let refusal { throw refusal }
    guard status == XML_STATUS_OK else { throw syntaxError() }
    return isEnd
  }

  private func install() {
    guard let parser else { return }
    XML_SetUserData(parser, Unmanaged.passUnretained(self).toOpaque())
    XML_SetElementHandler(
      parser,
      { user, name, attributes in
        guard let name else { return }
        XMLReader.from(user)?.began(name, attributes)
      },
      { user, _ in XMLReader.from(user)?.ended() })
    XML_SetCharacterDataHandler(parser) { user, text, count in
      guard let reader = XMLReader.from(user), reader.refusal == nil else { return }
      reader.hasCome = true
      reader.delegate.text(UnsafeRawBufferPointer(start: text, count: Int(count)))
    }
    XML_SetStartDoctypeDeclHandler(parser) { user, _, _, _, _ in
      XMLReader.from(user)?.refuse(
        .notXML, "a document type (DOCTYPE) is not accepted: expected elements only")
    }
    XML_SetXmlDeclHandler(parser) { user, _, encoding, _ in
      guard let encoding else { return }
      XMLReader.from(user)?.checkEncoding(String(cString: encoding))
    }
  }

  private static func from(_ user: UnsafeMutableRawPointer?) -> XMLReader? {
    user.map { Unmanaged<XMLReader>.fromOpaque($0).takeUnretainedValue() }
  }

  private func began(
    _ name: UnsafePointer<CChar>, _ list: UnsafeMutablePointer<UnsafePointer<CChar>?>?
  ) {
    hasCome = true
    guard refusal == nil else { return }
    let name = Self.localName(name)
    children[children.count - 1] += 1
    path.append((name, children[children.count - 1]))
    children.append(0)
    guard path.count <= maxDepth else {
      return refuse(.tooDeep, "more than \(maxDepth) elements stand inside each other")
    }
    var attributes: [(name: [UInt8], value: [UInt8])] = []
    var next = list
    while let pair = next, let key = pair[0], let value = pair[1] {
      next = pair + 2
      let text = UnsafeRawBufferPointer(start: key, count: strlen(key))
      // Namespaces, and what belongs to one: `xmlns`, `xsi:type`, `xml:lang`.
      guard !text.contains(UInt8(ascii: ":")), !text.elementsEqual("xmlns".utf8) else { continue }
      attributes.append(
        (Array(text), Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))))
    }
    do throws(Rejection) {
      try delegate.began(name, attributes, at: offset)
    } catch {
      refuse(error)
    }
  }

  private func ended() {
    hasCome = true
    guard refusal == nil else { return }
    let end = offset + Int(XML_GetCurrentByteCount(parser))
    do throws(Rejection) {
      try delegate.ended(at: end)
    } catch {
      return refuse(error)
    }
    path.removeLast()
    children.removeLast()
  }

  /// Of the token that is being read.
  private var offset: Int { max(0, Int(XML_GetCurrentByteIndex(parser))) }

  private func checkEncoding(_ encoding: String) {
    let name = encoding.lowercased()
    guard name != "utf-8", name != "us-ascii" else { return }
    refuse(.unsupportedContentType, "expected the encoding UTF-8")
  }

  private func refuse(_ code: ReasonCode, _ detail: String) {
    refuse(Rejection(code: code, path: pathText, offset: offset, detail: detail))
  }

  private func refuse(_ rejection: Rejection) {
    guard refusal == nil else { return }
    var rejection = rejection
    if rejection.path.isEmpty { rejection.path = pathText }
    rejection.detail = Self.place(rejection.offset ?? offset, body) + rejection.detail
    refusal = rejection
    XML_StopParser(parser, 0)
  }

  private func syntaxError() -> Rejection {
    let code = XML_GetErrorCode(parser)
    let text = XML_ErrorString(code).map { String(cString: $0) } ?? "not XML"
    let at = min(offset, body.count)
    // Expat says the same of bad UTF-8 and of a character that may not stand in its place.
    let isBadUTF8 =
      (code == XML_ERROR_INVALID_TOKEN || code == XML_ERROR_PARTIAL_CHAR) && at < body.count
      && UTF8Sequence.length(in: body, at: at) == 0
    var detail = isBadUTF8 ? "the bytes here are not UTF-8" : text
    if !isBadUTF8, isTypographicQuote(at) {
      detail += "; expected a plain quotation mark, not a typographic one"
    }
    return Rejection(
      code: isBadUTF8 ? .invalidUTF8 : .notXML, path: pathText, offset: at,
      detail: Self.place(at, body) + detail)
  }

  /// U+2018 to U+201F, which word processors put in the place of plain quotes.
  private func isTypographicQuote(_ offset: Int) -> Bool {
    offset + 2 < body.count && body[offset] == 0xE2 && body[offset + 1] == 0x80
      && 0x98...0x9F ~= body[offset + 2]
  }

  /// `/batchEvents/rtEvent[2]/ctx`, bounded in length.
  private var pathText: String {
    var text = ""
    for (name, index) in path {
      guard text.utf8.count < 512 else { return text + "…" }
      text += "/" + String(decoding: name.prefix(64), as: UTF8.self)
      if index > 1 { text += "[\(index)]" }
    }
    return text.isEmpty ? "/" : text
  }

  static func place(_ offset: Int, _ body: UnsafeRawBufferPointer) -> String {
    let (line, column) = JSONError.lineAndColumn(of: offset, in: body)
    return "line \(line), column \(column): "
  }

  /// A name without its prefix.
  private static func localName(_ name: UnsafePointer<CChar>) -> [UInt8] {
    let all = UnsafeRawBufferPointer(start: name, count: strlen(name))
    guard let colon = all.lastIndex(of: UInt8(ascii: ":")) else { return Array(all) }
    return Array(all[(colon + 1)...])
  }
}
