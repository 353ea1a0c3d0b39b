internal import CDispatch
internal import Glibc
internal import UnixSignals

/// Loads the templates again on SIGHUP and when the folder's files change.
struct TemplateWatch: Sendable {
  let service: NodeService
  let shards: [NodeShard]

  func run() async {
    await withTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        for await _ in await UnixSignalsSequence(trapping: .sighup) { service.reload(shards) }
      }
      tasks.addTask { await watchFolder() }
    }
  }

  /// Looks every two seconds: an inotify watch would miss what happens behind a network mount or
  /// a swapped symbolic link, which is how container platforms publish files.
  private func watchFolder() async {
    let path = service.configuration.templatesPath
    var seen = Self.fingerprint(path)
    var candidate = seen
    while !Task.isCancelled {
      do { try await Task.sleep(for: .seconds(2)) } catch { return }
      let now = Self.fingerprint(path)
      // Twice the same, so that files that are being copied are complete.
      if now != seen, now == candidate {
        seen = now
        service.reload(shards)
      }
      candidate = now
    }
  }

  /// A hash over names, sizes and modification times of all files below a folder.
  static func fingerprint(_ path: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x100_0000_01B3 }
    func visit(_ path: String, depth: Int) {
      guard depth < 8, let names = folderNames(path) else { return }
      for name in names {
        var info = stat()
        guard stat("\(path)/\(name)", &info) == 0 else { continue }
        for byte in name.utf8 { mix(UInt64(byte)) }
        mix(UInt64(bitPattern: Int64(info.st_size)))
        mix(UInt64(bitPattern: Int64(info.st_mtim.tv_sec)))
        mix(UInt64(bitPattern: Int64(info.st_mtim.tv_nsec)))
        if info.st_mode & S_IFMT == S_IFDIR { visit("\(path)/\(name)", depth: depth + 1) }
      }
    }
    visit(path, depth: 0)
    return hash
  }
}
