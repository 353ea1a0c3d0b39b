internal import Glibc
internal import JSON
internal import Messages

/// A folder of e-mails, one RFC 5322 message a file, as mail programs read it: written to `tmp`,
/// then renamed to `new`.
struct Maildir: Sendable {
  let path: String

  init(path: String) throws {
    self.path = path
    for folder in [path, "\(path)/tmp", "\(path)/new", "\(path)/cur"] {
      guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
        throw CommandFailure(
          "\(folder): cannot be made: \(String(cString: strerror(errno)))", .cannotCreate)
      }
    }
  }

  func write(_ delivery: JSONValue, deliveryID: String) throws(CommandFailure) {
    let name = "\(Terminal.unixSeconds).\(StableHash.of(deliveryID)).meddela"
    let temporary = "\(path)/tmp/\(name)"
    let bytes = MailMessage(delivery, deliveryID: deliveryID).bytes
    guard let file = fopen(temporary, "we") else { throw failure(temporary) }
    let written = fwrite(bytes, 1, bytes.count, file)
    guard fclose(file) == 0, written == bytes.count,
      rename(temporary, "\(path)/new/\(name)") == 0
    else { throw failure(temporary) }
  }

  private func failure(_ file: String) -> CommandFailure {
    CommandFailure(
      "\(file): cannot be written: \(String(cString: strerror(errno)))", .inputOutput)
  }
}

/// A delivery as an RFC 5322 message: text, html, or both as alternatives, in base64 so that no
/// line is too long.
struct MailMessage {
  private var text = ""

  init(_ delivery: JSONValue, deliveryID: String) {
    let content = delivery["content"]
    func field(_ name: StaticString) -> String? { content?[name]?.asString?.string }
    let created = delivery["createdAt"]?.asString.flatMap { Timestamp(rfc3339: $0.string) }
    text += MailHeader.date(created ?? WallClock.now())
    text += MailHeader.address("From", field("from") ?? "")
    text += MailHeader.address("To", delivery["to"]?["email"]?.asString?.string ?? "")
    if let replyTo = field("replyTo") { text += MailHeader.address("Reply-To", replyTo) }
    add("Subject", field("subject") ?? "")
    add("Message-ID", "<\(deliveryID.filter { $0.isASCII && $0 != " " })@meddela>")
    if let headers = content?["headers"] {
      for (name, value) in headers.members {
        if let value = value.asString { add(name.string, value.string) }
      }
    }
    add("MIME-Version", "1.0")
    let parts = [("plain", field("text")), ("html", field("html"))]
      .compactMap { kind, body in body.map { (kind, $0) } }
    if parts.count == 1 {
      addPart(parts[0].0, parts[0].1)
    } else {
      let boundary = "=_meddela_\(StableHash.of(deliveryID))"
      add("Content-Type", "multipart/alternative; boundary=\"\(boundary)\"")
      text += "\r\n"
      for (kind, body) in parts {
        text += "--\(boundary)\r\n"
        addPart(kind, body)
      }
      text += "--\(boundary)--\r\n"
    }
  }

  var bytes: [UInt8] { Array(text.utf8) }

  /// CR and LF cannot be in a value: a template's header values lose them.
  private mutating func add(_ name: String, _ value: String) {
    text += MailHeader.text(name, value)
  }

  private mutating func addPart(_ kind: String, _ body: String) {
    text += "Content-Type: text/\(kind); charset=utf-8\r\n"
    text += "Content-Transfer-Encoding: base64\r\n\r\n"
    let encoded = Base64.encode(Array(body.utf8))
    var rest = encoded[...]
    while !rest.isEmpty {
      text += rest.prefix(76) + "\r\n"
      rest = rest.dropFirst(76)
    }
  }
}

/// RFC 4648, section 4.
enum Base64 {
  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

  static func encode(_ bytes: [UInt8]) -> String {
    var result = ""
    result.reserveCapacity(bytes.count * 4 / 3 + 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var value = 0
      for byte in group { value = value << 8 | Int(byte) }
      value <<= 8 * (3 - group.count)
      for index in 0...3 {
        result.append(index <= group.count ? digits[value >> (18 - 6 * index) & 63] : "=")
      }
    }
    return result
  }
}
