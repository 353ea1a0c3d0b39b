internal import CSystemCalls
internal import Glibc

extension LinuxDisk {
  package func makeDirectory(_ path: String) throws(SystemError) {
    if mkdir(path, 0o750) < 0 { throw SystemError(errno) }
  }

  package func syncDirectory(_ path: String) throws(SystemError) {
    let descriptor = csystem_open(path, Int32(CSYSTEM_DIRECTORY.rawValue))
    if descriptor < 0 { throw SystemError(-descriptor) }
    let answer = csystem_sync_all(descriptor)
    Glibc.close(descriptor)
    if answer < 0 { throw SystemError(-answer) }
  }

  package func list(_ path: String) throws(SystemError) -> [String] {
    guard let directory = opendir(path) else { throw SystemError(errno) }
    defer { closedir(directory) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(directory) else { break }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    if errno != 0 { throw SystemError(errno) }
    return names.sorted()
  }

  package func rename(_ from: String, to: String) throws(SystemError) {
    if Glibc.rename(from, to) < 0 { throw SystemError(errno) }
  }

  package func renameNew(_ from: String, to: String) throws(SystemError) {
    let answer = csystem_rename_new(from, to)
    if answer < 0 { throw SystemError(-answer) }
  }

  package func remove(_ path: String) throws(SystemError) {
    if unlink(path) < 0 { throw SystemError(errno) }
  }
}

extension SystemError {
  /// strerror.
  package var text: String { String(cString: strerror(number)) }

  static let absent = SystemError(ENOENT)
  static let exists = SystemError(EEXIST)
  static let inputOutput = SystemError(EIO)
  static let invalid = SystemError(EINVAL)

  var isLackOfSpace: Bool { number == ENOSPC || number == EDQUOT }
}
