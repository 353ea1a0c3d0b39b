/// An open file with its path, so that every error names the file. Not thread-safe; closed once.
final class DiskFile: @unchecked Sendable {
  // Sendable because it is immutable: a descriptor, a path and the disk, all values.
  let disk: any Disk
  let path: String
  let descriptor: Descriptor
  private let isDirect: Bool

  init(
    _ disk: any Disk, _ path: String, _ mode: OpenMode, creating: Bool = false
  ) throws(EventLogError) {
    self.disk = disk
    self.path = path
    isDirect = mode == .readDirect
    do throws(SystemError) {
      descriptor = try disk.open(path, mode)
    } catch {
      throw EventLogError(
        creating ? .cannotCreate : .readFailed, "the file could not be opened",
        systemError: error.number, file: path)
    }
  }

  /// What is open already.
  init(_ disk: any Disk, _ path: String, _ descriptor: Descriptor) {
    self.disk = disk
    self.path = path
    self.descriptor = descriptor
    isDirect = false
  }

  /// Another name for an open file, after a rename.
  init(_ file: DiskFile, renamedTo path: String) {
    disk = file.disk
    descriptor = file.descriptor
    isDirect = file.isDirect
    self.path = path
  }

  func close() throws(EventLogError) {
    do throws(SystemError) {
      try disk.close(descriptor)
    } catch {
      throw failure(.writeFailed, "the file could not be closed", error, nil)
    }
  }

  /// Closes where an error would change nothing: the file was only read.
  func closeQuietly() { try? disk.close(descriptor) }

  func size() throws(EventLogError) -> Int64 {
    do throws(SystemError) {
      return try disk.size(descriptor)
    } catch {
      throw failure(.readFailed, "the size of the file could not be read", error, nil)
    }
  }

  /// So often a direct read may give less than a block where the file does not end.
  private static let maxStalls = 16

  /// Reads until the buffer is full or the file ends; how much was read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(EventLogError)
    -> Int
  {
    var done = 0
    var stalls = 0
    do throws(SystemError) {
      while done < buffer.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        let count = try disk.read(descriptor, into: rest, at: offset + Int64(done))
        if count == 0 { break }
        assert(count > 0 && count <= rest.count, "no more is read than there is room for")
        done += count
        // A direct read goes on where a block begins.
        guard isDirect, count < rest.count, done % Limits.blockBytes != 0 else { continue }
        if try disk.size(descriptor) <= offset + Int64(done) { break }
        stalls += count < Limits.blockBytes ? 1 : 0
        guard stalls < Self.maxStalls else { throw .invalid }
        done -= done % Limits.blockBytes
      }
      return done
    } catch {
      throw failure(.readFailed, "reading failed", error, offset + Int64(done))
    }
  }

  /// Writes all bytes; an error leaves the file in an unknown state.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(EventLogError) {
    assert(offset >= 0, "a place in a file")
    var done = 0
    do throws(SystemError) {
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        let count = try disk.write(descriptor, rest, at: offset + Int64(done))
        if count == 0 { throw .invalid }
        assert(count > 0 && count <= rest.count, "no more is written than there is")
        done += count
      }
    } catch {
      throw failure(.writeFailed, "writing failed", error, offset + Int64(done))
    }
  }

  func syncData() throws(EventLogError) {
    do throws(SystemError) {
      try disk.syncData(descriptor)
    } catch {
      throw failure(.writeFailed, "the disk did not confirm the write", error, nil)
    }
  }

  func syncAll() throws(EventLogError) {
    do throws(SystemError) {
      try disk.syncAll(descriptor)
    } catch {
      throw failure(.writeFailed, "the disk did not confirm the write", error, nil)
    }
  }

  private func failure(
    _ code: EventLogError.Code, _ sentence: String, _ error: SystemError, _ offset: Int64?
  ) -> EventLogError {
    EventLogError(code, sentence, systemError: error.number, file: path, offset: offset)
  }
}
