/// Rows of text in columns that are as wide as their widest cell. What is in a cell stays there:
/// it has no line ends and no control characters.
struct Table {
  private let header: [String]
  private var rows: [[String]] = []

  init(_ header: [String]) {
    self.header = header
  }

  mutating func add(_ row: [String]) {
    precondition(row.count == header.count, "a row has a cell for each column")
    rows.append(row.map(\.printable))
  }

  var isEmpty: Bool { rows.isEmpty }

  var text: String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      row.indices.map { column in
        column == row.count - 1
          ? row[column]
          : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
