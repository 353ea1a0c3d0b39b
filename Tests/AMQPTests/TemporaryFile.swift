import Glibc

/// A file that is there as long as this is.
final class TemporaryFile {
  let path: String

  init(_ bytes: [UInt8]) throws {
    var template = Array("/tmp/meddela-test-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw FileError(code: errno) }
    defer { close(descriptor) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
      throw FileError(code: errno)
    }
  }

  deinit { unlink(path) }

  struct FileError: Error { let code: Int32 }
}
