/// Every system call of the event log, so that a simulated disk can stand in: one that forgets
/// un-synced sectors and names at a crash, or fails the n-th call.
///
/// `any Disk` on purpose: the witness call costs nanoseconds, the system call behind it
/// microseconds, and the log stays one concrete type.
package protocol Disk: Sendable {
  func open(_ path: String, _ mode: OpenMode) throws(SystemError) -> Descriptor
  func close(_ descriptor: Descriptor) throws(SystemError)
  /// May read less; 0 at the end of the file.
  func read(_ descriptor: Descriptor, into: UnsafeMutableRawBufferPointer, at offset: Int64)
    throws(SystemError) -> Int
  /// May write less.
  func write(_ descriptor: Descriptor, _ bytes: UnsafeRawBufferPointer, at offset: Int64)
    throws(SystemError) -> Int
  /// fdatasync.
  func syncData(_ descriptor: Descriptor) throws(SystemError)
  /// fsync.
  func syncAll(_ descriptor: Descriptor) throws(SystemError)
  func size(_ descriptor: Descriptor) throws(SystemError) -> Int64
  /// Reserves the blocks of [0, bytes) and makes the file that long; false when it only became
  /// that long, because the file system reserves nothing.
  func allocate(_ descriptor: Descriptor, _ bytes: Int64) throws(SystemError) -> Bool
  /// Lets an empty file be overwritten in place where the file system otherwise writes each block
  /// anew, for which a full disk has no room.
  func overwriteInPlace(_ descriptor: Descriptor)
  /// Gives blocks back; the range reads as zeros afterwards.
  func punchHole(_ descriptor: Descriptor, at offset: Int64, _ bytes: Int64) throws(SystemError)
  /// How much an ordinary process may still write to the file system of this file or directory;
  /// nil when the file system does not say.
  func freeBytes(_ path: String) throws(SystemError) -> Int64?
  func dropCache(_ descriptor: Descriptor)
  func announceSequentialRead(_ descriptor: Descriptor)
  /// False when another open file holds the lock.
  func lock(_ descriptor: Descriptor) throws(SystemError) -> Bool
  func isLocked(_ descriptor: Descriptor) throws(SystemError) -> Bool
  /// Whether the path leads to this open file. A server of a network file system is asked, not what
  /// is remembered of its last answer.
  func isNamed(_ path: String, _ descriptor: Descriptor) throws(SystemError) -> Bool
  /// Opens a directory and locks it itself (flock); nil when another holds it. Not every file
  /// system can: then the error says so.
  func holdDirectory(_ path: String) throws(SystemError) -> Descriptor?
  func makeDirectory(_ path: String) throws(SystemError)
  func syncDirectory(_ path: String) throws(SystemError)
  /// Names in the directory, sorted, without `.` and `..`.
  func list(_ path: String) throws(SystemError) -> [String]
  func rename(_ from: String, to: String) throws(SystemError)
  /// Renames where nothing has the new name yet; EEXIST otherwise.
  func renameNew(_ from: String, to: String) throws(SystemError)
  func remove(_ path: String) throws(SystemError)
}

extension Disk {
  /// For disks that never write elsewhere.
  package func overwriteInPlace(_ descriptor: Descriptor) {}
}

package struct Descriptor: Hashable, Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }
}

package enum OpenMode: Sendable {
  /// An existing file, through the page cache.
  case read
  /// An existing file, around the page cache; EINVAL where the file system cannot.
  case readDirect
  /// An existing file, for writing.
  case write
  /// An existing file, for writing around the page cache; EINVAL where the file system cannot.
  case writeDirect
  /// For writing, made when absent.
  case writeOrCreate
  /// For writing, made or emptied.
  case replace
  /// As `replace`, around the page cache; EINVAL where the file system cannot.
  case replaceDirect
}

/// An errno.
package struct SystemError: Error, Equatable, Sendable {
  package let number: Int32

  package init(_ number: Int32) { self.number = number }
}
