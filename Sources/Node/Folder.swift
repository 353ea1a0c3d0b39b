internal import CDispatch
internal import Glibc

/// Whether a path that has to be a folder is one.
enum Folder {
  /// - Returns: why it is none, in the system's words; nil when it is one.
  static func problem(_ path: String) -> String? {
    var status = stat()
    if stat(path, &status) != 0 { return String(cString: strerror(errno)) }
    if status.st_mode & S_IFMT == S_IFDIR { return nil }
    return String(cString: strerror(ENOTDIR))
  }

  /// Looks whether a folder can be made, or be written to when it is there. Makes nothing.
  ///
  /// - Throws: 73 with what is in the way.
  static func checkMaking(_ path: String) throws(NodeError) {
    var nearest = path
    while access(nearest, F_OK) != 0, errno == ENOENT, let parent = parent(of: nearest) {
      nearest = parent
    }
    if let problem = problem(nearest) {
      throw NodeError(
        message: "the folder \(path) cannot be made: \(nearest): \(problem)", exitCode: 73)
    }
    guard access(nearest, W_OK | X_OK) == 0 else {
      throw NodeError(
        message: """
          the folder \(path) cannot be made or written to: \(nearest): \
          \(String(cString: strerror(errno)))
          """,
        exitCode: 73)
    }
  }

  private static func parent(of path: String) -> String? {
    let name = path.hasSuffix("/") ? String(path.dropLast()) : path
    guard let slash = name.lastIndex(of: "/") else { return name == "." ? nil : "." }
    return slash == name.startIndex ? "/" : String(name[..<slash])
  }
}
