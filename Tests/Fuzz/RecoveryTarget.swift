// libFuzzer's entry; built by Tests/Scripts/fuzz beside Tests/EventLogTests/Fuzz and Support, not
// by `swift build`.
import Glibc

@testable import EventLog

private let fuzzer: RecoveryFuzzer? = try? RecoveryFuzzer()

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  guard let fuzzer else { preconditionFailure("the fuzzer's store could not be made") }
  let input = Array(UnsafeBufferPointer(start: data, count: size))
  if let violation = fuzzer.violation(input) {
    var line = "VIOLATION: \(violation)\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    abort()
  }
  return 0
}
