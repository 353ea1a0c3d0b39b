import Testing

@testable import JSON

@Suite("Equality is that of JSON values, not of bytes")
struct EqualityTests {
  private func equal(_ left: String, _ right: String) throws -> Bool {
    try withDocument(left) { one in
      try withDocument(right) { other in
        let result = one.equals(other)
        #expect(other.equals(one) == result, "equality has no direction")
        #expect(one.equals(one) && other.equals(other))
        return result
      }
    }
  }

  @Test(arguments: [
    ("1", "1.0"), ("1", "1e0"), ("1.0", "1e0"), ("100", "1E2"), ("0.01", "1e-2"), ("0", "-0"),
    ("0.0", "-0e99999"), ("-120", "-1.20e2"), ("0.000120", "12e-5"), ("5e-324", "50e-325"),
    ("18446744073709551615", "18446744073709551615.0"), ("1e-400", "10e-401"),
    ("123.456", "123456e-3"), ("1000000000000000000000.0", "1e21"), ("null", " null "),
    (#""å""#, #""\u00e5""#), (#""/""#, #""\/""#), ("[]", "[ ]"), ("[1,2]", "[1.0, 2]"),
    (#"{"a":1,"b":2}"#, #"{"b":2,"a":1}"#), (#"{"a":1,"b":2,"c":3}"#, #"{"a":1,"c":3,"b":2}"#),
    (#"{"a":{"x":[],"y":0}}"#, #"{"a":{"y":-0,"x":[]}}"#), (#"{"\u0061":1}"#, #"{"a":1}"#),
    (#"{"a":1,"a":2,"b":3}"#, #"{"b":3,"a":1,"a":2}"#), ("{}", "{ }"),
  ])
  func `These are the same`(left: String, right: String) throws {
    #expect(try equal(left, right))
  }

  @Test(arguments: [
    ("1", "2"), ("1", "-1"), ("1", "1.0000000000000000000001"), ("0.1", "0.10000000000000000001"),
    ("9007199254740993", "9007199254740992.0"), ("1e21", "1e22"), ("1", "\"1\""), ("0", "null"),
    ("1e-400", "0"), ("1e-400", "1e-401"), ("18446744073709551615", "18446744073709551614"),
    ("18446744073709551615", "-1"), ("true", "false"), ("null", "false"), ("[]", "{}"),
    ("[1,2]", "[2,1]"), ("[1]", "[1,1]"), ("[[]]", "[]"), (#""a""#, #""A""#),
    (#""é""#, #""e\u0301""#),
    (#"{"a":1}"#, #"{"a":2}"#), (#"{"a":1}"#, #"{"b":1}"#), (#"{"a":1}"#, #"{"a":1,"b":null}"#),
    (#"{"a":1,"b":2}"#, #"{"b":1,"a":2}"#), (#"{"a":1,"a":2}"#, #"{"a":2,"a":1}"#),
    (#"{"a":1,"b":1,"b":1}"#, #"{"b":1,"a":1,"a":1}"#), ("\"\"", "[]"),
  ])
  func `These differ`(left: String, right: String) throws {
    #expect(try !equal(left, right))
  }

  @Test func `Objects in reverse order are compared in reasonable time, at every level`() throws {
    let names = (0..<30_000).map { "\"k\($0)\":{\"x\":1,\"y\":2}" }
    let other = (0..<30_000).reversed().map { "\"k\($0)\":{\"y\":2,\"x\":1}" }
    let start = ContinuousClock.now
    #expect(
      try equal("{" + names.joined(separator: ",") + "}", "{" + other.joined(separator: ",") + "}"))
    // A quadratic comparison of these would take minutes.
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test func `Deep documents are compared without overflowing the stack`() throws {
    let left =
      String(repeating: #"{"b":0,"a":"#, count: 1024) + "1" + String(repeating: "}", count: 1024)
    let right =
      String(repeating: #"{"a":"#, count: 1024) + "1" + String(repeating: #","b":0}"#, count: 1024)
    try withDocument(left, maxDepth: 1024) { one in
      try withDocument(right, maxDepth: 1024) { other in #expect(one.equals(other)) }
    }
  }

  @Test(arguments: [
    (#"{"a":1}"#, #"{"a":1,"b":null}"#, true), (#"{"b":null,"a":1}"#, #"{"a":1.0}"#, true),
    (#"{"b":null}"#, #"{"c":null}"#, true), ("{}", #"{"c":null}"#, true),
    (#"{"a":{}}"#, #"{"a":{"b":null}}"#, false), (#"{"a":1}"#, #"{"a":null}"#, false),
    (#"{"a":0}"#, "{}", false), ("[]", "[null]", false), ("null", "{}", false),
  ])
  func `Members that are null count as absent, at the top level only`(
    left: String, right: String, expected: Bool
  ) throws {
    try withDocument(left) { one in
      try withDocument(right) { other in
        #expect(one.equalsButForNulls(other) == expected)
        #expect(other.equalsButForNulls(one) == expected)
      }
    }
  }
}
