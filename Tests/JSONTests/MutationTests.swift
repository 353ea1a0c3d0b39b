import TestSupport
import Testing

@testable import JSON

/// Random changes of documents: nothing traps, and the parser and the scanner, which have two
/// independent ideas of JSON, always agree.
@Suite("Damaged documents are refused with a place, or read whole")
struct MutationTests {
  private static let documents = [
    #"{"id":"o-1042","n":[0,-1,49.00,1e5,18446744073709551615],"t":true,"f":false,"z":null}"#,
    #"[[],{},[[1],[2,[3]]],{"a":{"b":{"c":[]}}},"\u00e5\ud83d\ude00\n\"\\"]"#,
    "{\"å\":\"世界😀\",\"\":\"\",\"x\" : [ 1 ,\r\n\t2.5e-3 ] }", "-123.456E+7", "\"text\"", "true",
    #"{"ctx":{"order":{"lines":[{"name":"Kaffe","price":"49"},{"name":"Te","price":5e-1}]}}}"#,
  ]

  private static let pieces: [[UInt8]] =
    [
      "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\u0041", "\\u00e5", "{", "}", "[", "]", ",", ":",
      "-", "+", ".", "0", "1", "9", "e", "E", "e+", "1e309", "1e-400", "-0", "18446744073709551616",
      "9223372036854775808", "true", "nul", "null", "\n", "\r", "\t", " ", "\u{0}", "\u{1}",
      "\u{7F}",
      "å", "😀", "\u{FEFF}", "[[[[[[[[[", "{\"a\":", "/", "NaN", "\u{C}",
    ].map { Array($0.utf8) } + [[0x80], [0xC3], [0xFF], [0xED, 0xA0, 0x80], [0xF0, 0x9F], [0xC0]]

  @Test func `The parser and the scanner accept the same documents`() {
    let seed = printedSeed()
    var random = SeededRandom(seed)
    let parser = JSONParser(maxDepth: 8)
    var accepted = 0
    let rounds = 30_000
    for round in 0..<rounds {
      var bytes = Array(Self.documents.randomElement(using: &random)!.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) { Self.mutate(&bytes, using: &random) }
      let error = Self.parse(bytes, with: parser)
      let found = bytes.withUnsafeBytes { all in
        var scanner = JSONScanner(all, maxDepth: 8)
        return scanner.firstError()
      }
      if error == nil { accepted += 1 }
      if error != found {
        let text = String(decoding: bytes, as: UTF8.self)
        let verdicts =
          "the parser says \(String(describing: error)), the scanner \(String(describing: found))"
        Issue.record("seed \(seed), round \(round): \(verdicts) of \(bytes) (\(text))")
        return
      }
    }
    #expect(accepted > rounds / 50, "too few mutants are documents to say anything")
    #expect(accepted < rounds * 49 / 50, "too few mutants are damaged to say anything")
  }

  /// Nil when the document is accepted and every value of it reads as its source does.
  private static func parse(_ bytes: [UInt8], with parser: JSONParser) -> JSONError? {
    do throws(JSONError) {
      let root = try parser.parse(copying: bytes.span.bytes)
      let other = JSONParser(maxDepth: 8)
      walk(root, bytes, other)
      return nil
    } catch {
      return error
    }
  }

  private static func walk(_ value: JSONValue, _ bytes: [UInt8], _ other: JSONParser) {
    let range = value.range
    guard range.lowerBound >= 0, range.upperBound <= bytes.count, !range.isEmpty else {
      Issue.record("\(range) is no part of \(bytes)")
      return
    }
    do throws(JSONError) {
      let again = try other.parse(copying: Array(bytes[range]).span.bytes)
      if !again.equals(value) || again.source.count != range.count {
        Issue.record("\(range) of \(bytes) is another value")
      }
    } catch {
      Issue.record("\(range) of \(bytes) is no document: \(error)")
    }
    _ = (value.asInt64, value.asDouble, value.asBool, value.isEmptyOrFalse, value.asString?.string)
    _ = value.firstDuplicateKey()
    for element in value.elements { walk(element, bytes, other) }
    for member in value.members { walk(member.value, bytes, other) }
  }

  private static func mutate(_ bytes: inout [UInt8], using random: inout SeededRandom) {
    let place = Int.random(in: 0...bytes.count, using: &random)
    let length = min(Int.random(in: 0...4, using: &random), bytes.count - place)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes.removeSubrange(place..<place + length)
    case 1: bytes.removeSubrange(place...)
    case 2:
      if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
    case 3:
      bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    case 4:
      let piece = pieces.randomElement(using: &random)!
      bytes.replaceSubrange(place..<place + min(length, piece.count), with: piece)
    default: bytes.insert(contentsOf: pieces.randomElement(using: &random)!, at: place)
    }
  }
}
