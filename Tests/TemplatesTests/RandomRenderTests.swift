import JSON
import TestSupport
import Testing

@testable import Templates

/// Templates and events made at random: whatever happens, it is a result or an error.
struct RandomRenderTests {
  @Test func `Random templates and events never trap, and what they render is JSON`() throws {
    var generator = SeededRandom(printedSeed())
    let parser = JSONParser()
    var rendered = 0
    for _ in 0..<10_000 {
      let partials = ["p": Self.text(using: &generator), "q": Self.text(using: &generator)]
      let template = Self.text(using: &generator)
      let root = try parser.parse(utf8(Self.value(depth: 4, using: &generator)))
      for style in [MustacheStyle.text, .html, .header] {
        do {
          let text = try render(template, over: root, style: style, partials: partials)
          rendered += 1
          if style == .header { #expect(!text.contains { $0.isNewline }) }
        } catch is CatalogError {
        } catch is RenderError {
        }
      }
    }
    #expect(rendered > 1_000)
  }

  @Test func `Random bytes as template.yaml, sample or partial never trap`() throws {
    var generator = SeededRandom(printedSeed())
    for _ in 0..<2_000 {
      var files = Draft().templateFiles.files
      let index = Int.random(in: 0..<files.count, using: &generator)
      var bytes = files[index].bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let byte = UInt8.random(in: 0...255, using: &generator)
        let place = Int.random(in: 0...bytes.count, using: &generator)
        if Bool.random(using: &generator) || place == bytes.count {
          bytes.insert(byte, at: place)
        } else {
          bytes[place] = byte
        }
      }
      files[index] = TemplateFile(name: files[index].name, bytes: bytes)
      _ = try? Template(TemplateFiles(name: "random", files: files))
    }
  }

  static func text(using generator: inout SeededRandom) -> String {
    let pieces = [
      "{{", "}}", "{{{", "}}}", "{{#a}}", "{{/a}}", "{{^b}}", "{{/b}}", "{{a.b}}", "{{.}}",
      "{{#.}}", "{{/.}}", "{{>p}}", "{{> q }}", "{{!", "{{=<% %>=}}", "<%a%>", "<%={{ }}=%>",
      "{{&a}}", "\n", "\r\n", "  ", "\t", "x", "é", "\"", "\\", "<", "a",
      "{{#a}}{{#b}}{{.}}{{/b}}{{/a}}",
    ]
    return (0..<Int.random(in: 0...12, using: &generator)).map { _ in
      pieces[Int.random(in: 0..<pieces.count, using: &generator)]
    }.joined()
  }

  static func value(depth: Int, using generator: inout SeededRandom) -> String {
    let choice = Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &generator)
    let count = Int.random(in: 0...3, using: &generator)
    switch choice {
    case 0: return "null"
    case 1: return Bool.random(using: &generator) ? "true" : "false"
    case 2: return "\(Int.random(in: -9...9, using: &generator)).50e1"
    case 3: return #""""#
    case 4: return #""<\"\\\n\u0000\ud83d\ude00{{a}}'""#
    case 5: return "[]"
    case 6:
      let elements = (0..<count).map { _ in value(depth: depth - 1, using: &generator) }
      return "[\(elements.joined(separator: ","))]"
    default:
      let names = ["a", "b", "a", ""]
      let members = (0..<count).map { _ in
        "\"\(names[Int.random(in: 0..<4, using: &generator)])\":"
          + value(depth: depth - 1, using: &generator)
      }
      return "{\(members.joined(separator: ","))}"
    }
  }
}
