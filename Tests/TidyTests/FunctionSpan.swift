/// Where a function begins and how many lines it has, by its braces' indentation, which the
/// formatter keeps.
struct FunctionSpan {
  var name: String
  var line: Int
  var count: Int

  static func all(in lines: [String]) -> [FunctionSpan] {
    var result: [FunctionSpan] = []
    for (index, line) in lines.enumerated() {
      guard let name = functionName(line) else { continue }
      let indentation = line.prefix { $0 == " " }
      let end = lines[index...].firstIndex { $0 == indentation + "}" }
      guard let end else { continue }
      result.append(FunctionSpan(name: name, line: index + 1, count: end - index + 1))
    }
    return result
  }

  private static func functionName(_ line: String) -> String? {
    let words = line.split(separator: " ")
    guard let position = words.firstIndex(where: { $0 == "func" || $0.hasPrefix("init(") }),
      !line.contains("//")
    else { return nil }
    if words[position] != "func" { return "init" }
    guard position + 1 < words.count else { return nil }
    return String(words[position + 1].prefix { $0 != "(" && $0 != "<" })
  }
}
