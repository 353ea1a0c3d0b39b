internal import Glibc
internal import Node

/// A file that a command is given.
enum InputFile {
  /// What a document of events may have: it is in memory while it is read.
  static let mostBytes = 512 << 20

  /// - Parameter path: `-` is standard input.
  /// - Throws: why it cannot be read, or that it has no end within the limit.
  static func read(_ path: String, atMost limit: Int = mostBytes) throws -> [UInt8] {
    let bytes =
      path == "-" ? readBytes(STDIN_FILENO, atMost: limit) : readBytes(path, atMost: limit)
    if let bytes { return bytes }
    let code = errno
    guard code == EFBIG else {
      throw CommandFailure(
        "\(name(path)): cannot be read: \(String(cString: strerror(code)))", .noInput)
    }
    throw CommandFailure(
      "\(name(path)): has more than \(limit >> 20) MiB, or no end; give it in parts", .data)
  }

  /// As it is called in messages.
  static func name(_ path: String) -> String { path == "-" ? "standard input" : path }
}
