import LogSequence
import Testing

@Suite("The number of a record")
struct LSNTests {
  @Test func `Records are counted from 1; 0 is none of them`() {
    #expect(LSN.first == 1 && LSN.first.previous == 0 && LSN.first.next == 2)
    #expect(LSN(41).next == 42 && LSN(42).previous == 41)
    #expect(LSN(40).advanced(by: 2) == 42 && LSN(42).advanced(by: -42) == 0)
    #expect(LSN(40).distance(to: 42) == 2 && LSN(42).distance(to: 40) == -2)
  }

  @Test func `They are in order as their numbers are, over all 64 bits`() {
    let numbers: [UInt64] = [0, 1, 2, 1 << 47, 1 << 48, 1 << 62, 1 << 63, .max]
    #expect(numbers.map { LSN($0) }.shuffled().sorted().map(\.rawValue) == numbers)
    #expect(LSN.max.rawValue == UInt64.max && LSN.max > LSN(1 << 62))
    #expect((LSN(3)...7).count == 5 && Array(LSN(3)...5) == [3, 4, 5])
  }

  @Test func `Text has the number only`() {
    #expect("\(LSN(1 << 48))" == "281474976710656")
  }

  @Test func `Nothing is counted on from the last number, nor back from 0`() async {
    await #expect(processExitsWith: .failure) { _ = LSN.max.next }
    await #expect(processExitsWith: .failure) { _ = LSN(0).previous }
  }
}
