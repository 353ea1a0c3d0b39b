internal import Glibc

func lastError() -> String { String(cString: strerror(errno)) }

func writeError(_ text: String) {
  _ = text.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}

/// The text of a file, or nil.
func readText(_ path: String) -> String? {
  guard let file = fopen(path, "r") else { return nil }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = fread(&part, 1, part.count, file)
    guard count > 0 else { break }
    bytes.append(contentsOf: part[..<count])
  }
  return String(decoding: bytes, as: UTF8.self)
}

func writeText(_ text: String, to path: String) throws {
  guard let file = fopen(path, "w") else {
    throw BenchFailure("\(path) cannot be written: \(lastError())")
  }
  fputs(text, file)
  fclose(file)
}

func makeFolder(_ path: String) throws {
  guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
    throw BenchFailure("\(path) cannot be made: \(lastError())")
  }
}

/// The folder that this program is in.
func programFolder() -> String {
  var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = readlink("/proc/self/exe", &bytes, bytes.count)
  let path = String(decoding: bytes[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return parentFolder(of: path)
}

func parentFolder(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
