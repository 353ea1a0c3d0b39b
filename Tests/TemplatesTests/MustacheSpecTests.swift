import Foundation
import JSON
import Testing

@testable import Templates

/// One case of the fixtures in Fixtures/mustache-*.json.
struct SpecCase: Sendable, CustomTestStringConvertible {
  let module: String
  let number: Int
  let name: String

  var testDescription: String { "\(module): \(name)" }

  static let modules = [
    "comments", "delimiters", "interpolation", "inverted", "partials", "sections",
  ]

  static let all: [SpecCase] = modules.flatMap { module in
    let parser = JSONParser()
    guard let bytes = try? bytes(of: module), let root = try? parser.parse(bytes),
      let cases = root["cases"]
    else { return [SpecCase(module: module, number: 0, name: "cannot be read")] }
    return cases.elements.enumerated().map { number, element in
      SpecCase(module: module, number: number, name: element["name"]?.asString?.string ?? "")
    }
  }

  static func bytes(of module: String) throws -> [UInt8] {
    Array(try Data(contentsOf: fixtures.appendingPathComponent("mustache-\(module).json")))
  }
}

struct MustacheSpecTests {
  @Test(arguments: SpecCase.all)
  func `Every case of the Mustache specification's core`(_ spec: SpecCase) throws {
    let parser = JSONParser()
    let root = try parser.parse(try SpecCase.bytes(of: spec.module))
    let cases = try #require(root["cases"]).elements
    let element = try #require(Array(cases).dropFirst(spec.number).first)
    let template = try #require(element["template"]?.asString).string
    let data = try #require(element["data"])
    var partials: [String: String] = [:]
    if let given = element["partials"] {
      for (name, text) in given.members { partials[name.string] = text.asString?.string }
    }
    func rendered() throws -> String {
      try render(template, over: data, style: .html, partials: partials)
    }
    if let code = element["refused"]?.asString?.string {
      let error = try #require(throws: CatalogError.self) { try rendered() }
      #expect(error.problems.map(\.code.rawValue) == [code])
    } else {
      #expect(try rendered() == #require(element["expected"]?.asString).string)
    }
  }

  @Test func `No module of the fixtures is missing or cut short`() {
    let counts = SpecCase.modules.map { module in
      SpecCase.all.filter { $0.module == module }.count
    }
    #expect(counts == [12, 14, 42, 22, 12, 34])
  }
}
