internal import CBareRelay
internal import Glibc
internal import Synchronization

/// A process that we started and must wait for.
final class ChildProcess {
  let pid: pid_t
  private var output: Int32
  private var result: Exit?
  /// Those that have not been waited for.
  private static let running = Mutex<Set<pid_t>>([])

  /// How it ended, and what it used in all.
  struct Exit {
    var status: Int32
    var cpuSeconds: Double
    var isSuccess: Bool { status == 0 }
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - arguments: the program's path and what follows it.
  ///   - environment: added to ours, in front of what we have.
  ///   - errorPath: file that standard error is appended to.
  init(_ arguments: [String], environment: [String: String] = [:], errorPath: String) throws {
    var pipe: [Int32] = [0, 0]
    guard Glibc.pipe(&pipe) == 0, fcntl(pipe[0], F_SETFD, FD_CLOEXEC) == 0,
      fcntl(pipe[1], F_SETFD, FD_CLOEXEC) == 0
    else { throw BenchFailure("no pipe: \(lastError())") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    var words = arguments.map { strdup($0) } + [nil]
    var variables = Self.environment(environment).map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    var started = pid_t()
    let code = posix_spawn(&started, arguments[0], &actions, nil, &words, &variables)
    close(pipe[1])
    guard code == 0 else {
      close(pipe[0])
      throw BenchFailure("\(arguments[0]) cannot be started: \(String(cString: strerror(code)))")
    }
    pid = started
    output = pipe[0]
    Self.running.withLock { _ = $0.insert(started) }
  }

  /// Asks all that still run to stop: the bench cannot go on.
  static func stopAll() {
    running.withLock { for pid in $0 { kill(pid, SIGTERM) } }
  }

  /// Reads standard output to its end.
  func readOutput() -> String {
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(output, &part, part.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      bytes.append(contentsOf: part[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// User and system time so far, all threads.
  func cpuSeconds() -> Double { bare_cpu_seconds(pid) }

  /// Resident memory in bytes; 0 when the process is gone.
  func residentBytes() -> Int {
    guard let text = readText("/proc/\(pid)/statm") else { return 0 }
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE)) : 0
  }

  /// The most resident memory that it ever had, in bytes; 0 when the process is gone.
  func peakBytes() -> Int {
    guard let text = readText("/proc/\(pid)/status") else { return 0 }
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
  }

  var isRunning: Bool { poll(WNOHANG) == nil }

  /// Waits until it ends.
  func wait() -> Exit { poll(0) ?? Exit(status: -1, cpuSeconds: 0) }

  /// Asks it to stop; past the limit it is killed.
  @discardableResult
  func stop(withinSeconds limit: Double) -> Exit {
    kill(pid, SIGTERM)
    let clock = ContinuousClock()
    let end = clock.now + .seconds(limit)
    while clock.now < end {
      if let exit = poll(WNOHANG) { return exit }
      usleep(5_000)
    }
    kill(pid, SIGKILL)
    return wait()
  }

  private func poll(_ options: Int32) -> Exit? {
    if let result { return result }
    var status: Int32 = 0
    var cpu = 0.0
    let got = bare_wait(pid, options, &status, &cpu)
    guard got != 0 else { return nil }
    let exit = Exit(status: got < 0 ? -1 : status, cpuSeconds: cpu)
    result = exit
    Self.running.withLock { _ = $0.remove(pid) }
    close(output)
    return exit
  }

  private static func environment(_ added: [String: String]) -> [String] {
    var result = added.map { "\($0.key)=\($0.value)" }
    var entry = environ
    while let pointer = entry.pointee {
      let text = String(cString: pointer)
      let name = text.prefix { $0 != "=" }
      // Settings of the caller's own service must not reach ours.
      if added[String(name)] == nil, !name.hasPrefix("MEDDELA_") { result.append(text) }
      entry += 1
    }
    return result
  }
}
