import Foundation
import Testing

@Suite("The source keeps to the house style")
struct TidyTests {
  let tree: SourceTree

  init() throws {
    tree = try SourceTree()
  }

  /// Which of our targets each target may import: the arrows of the architecture.
  static let arrows: [String: Set<String>] = [
    "LogSequence": [],
    "JSON": ["CSimdJSON"],
    "Messages": ["CExpat", "CZlib", "JSON", "LogSequence"],
    "Templates": ["CLibCrypto", "JSON", "Messages"],
    "Execution": ["JSON", "LogSequence", "Messages", "Templates"],
    "Simulation": ["Execution", "JSON", "LogSequence", "Messages", "Templates"],
    "EventLog": ["CCRC32C", "CSystemCalls", "LogSequence"],
    "AMQP": ["CRabbitMQ"],
    "Node": ["AMQP", "EventLog", "Execution", "JSON", "LogSequence", "Messages", "Templates"],
    "Commands": [
      "AMQP", "EventLog", "Execution", "JSON", "LogSequence", "Messages", "Node", "Templates",
    ],
    "meddela": ["Commands"],
    "meddela-bench": [
      "CRabbitMQ", "Commands", "AMQP", "EventLog", "Execution", "JSON", "LogSequence", "Messages",
      "Node", "Simulation",
    ],
  ]

  @Test func `There are sources to look at`() {
    #expect(tree.sources.count > 40)
  }

  @Test func `Import arrows run one way`() {
    let ours = Set(Self.arrows.keys).union([
      "CExpat", "CZlib", "CLibCrypto", "CSimdJSON", "CCRC32C", "CSystemCalls", "CRabbitMQ",
    ])
    for file in tree.sources {
      guard let allowed = Self.arrows[file.target] else {
        Issue.record("\(file): the target \(file.target) has no arrows in TidyTests")
        continue
      }
      for line in file.lines {
        let words = line.split(separator: " ")
        guard let position = words.firstIndex(of: "import"), position <= 1,
          position + 1 < words.count
        else { continue }
        let module = String(words[position + 1])
        guard ours.contains(module), module != file.target else { continue }
        #expect(allowed.contains(module), "\(file) imports \(module)")
      }
    }
  }

  @Test func `No file has over 400 lines, no line over 100 columns`() {
    for file in tree.files {
      #expect(file.lines.count <= 400, "\(file) has \(file.lines.count) lines")
      for (index, line) in file.lines.enumerated() where line.count > 100 {
        // A test's literal may be long where cutting it would hide what it says.
        if file.path.hasPrefix("Tests/"), line.contains("\"") || line.contains("`") { continue }
        Issue.record("\(file):\(index + 1) has \(line.count) columns")
      }
    }
  }

  /// A string would be a second name beside the function's.
  @Test func `A test is called what its function is called, a sentence`() {
    let named = "@Test" + "(\""
    for file in tree.files where file.path.hasPrefix("Tests/") {
      let lines = file.lines + [""]
      for (index, line) in file.lines.enumerated() where line.contains(named.dropLast()) {
        let call = (line + lines[index + 1]).filter { $0 != " " }
        #expect(!call.contains(named), "\(file):\(index + 1): a name in a string")
      }
    }
  }

  @Test func `No function has over 70 lines`() {
    for file in tree.sources {
      for function in FunctionSpan.all(in: file.lines) where function.count > 70 {
        Issue.record("\(file):\(function.line) \(function.name) has \(function.count) lines")
      }
    }
  }

  /// But for LogSequence: what is `package` is not inlined into another module, and an LSN must cost
  /// no more than its 64 bits.
  @Test func `Nothing is public: what crosses targets is package`() {
    for file in tree.sources where file.target != "LogSequence" {
      for (index, line) in file.lines.enumerated() {
        let words = line.split(separator: " ")
        if words.first == "public" || words.first == "open" {
          Issue.record("\(file):\(index + 1) is \(words[0])")
        }
      }
    }
  }

  @Test func `No words of unfinished work, no forced tries, no fatal errors`() {
    let words = ["TO" + "DO", "FIX" + "ME", "fatal" + "Error(", "try" + "!"]
    for file in tree.files {
      for (index, line) in file.lines.enumerated() {
        for word in words where line.contains(word) {
          Issue.record("\(file):\(index + 1) has \(word)")
        }
      }
    }
  }

  @Test func `What the compiler cannot check says why it is safe`() {
    let claims = ["@unchecked " + "Sendable", "nonisolated" + "(unsafe)"]
    for file in tree.files {
      for (index, line) in file.lines.enumerated() {
        guard claims.contains(where: { line.contains($0) }) else { continue }
        let before = index > 0 ? file.lines[index - 1] : ""
        let isExplained = before.trimmingCharacters(in: .whitespaces).hasPrefix("//")
        #expect(isExplained, "\(file):\(index + 1): a comment above must say why it is safe")
      }
    }
  }

  @Test func `The top level is exactly what was agreed`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: tree.root.path)
      .filter { !$0.hasPrefix(".") && $0 != "Package.resolved" && $0 != "data" }
    #expect(
      Set(names)
        == ["Package.swift", "Sources", "Tests", "deploy", "schemas", "README.md"])
  }
}
