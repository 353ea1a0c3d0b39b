/// Rows of text in columns that are as wide as their widest cell. What is in a cell stays there:
/// it has no line ends and no control characters.
struct TextTable {
  private let header: [String]
  private var rows: [[String]] = []
  /// Of the columns that have been taken.
  private var widths: [Int] = []

  init(_ header: [String]) {
    self.header = header
  }

  mutating func add(_ row: [String]) {
    precondition(row.count == header.count, "a row has a cell for each column")
    rows.append(row.map(\.printable))
  }

  var isEmpty: Bool { rows.isEmpty }
  /// Rows.
  var count: Int { rows.count }

  var text: String { text([header] + rows, widths([header] + rows)) }

  /// The rows so far, which are then forgotten; the header is there the first time. Columns are as
  /// wide as they were, or wider.
  mutating func takeText() -> String {
    let taken = (widths.isEmpty ? [header] : []) + rows
    widths = zip(widths(taken), widths.isEmpty ? header.map { _ in 0 } : widths)
      .map { max($0, $1) }
    rows = []
    return text(taken, widths)
  }

  private func widths(_ all: [[String]]) -> [Int] {
    header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
  }

  private func text(_ all: [[String]], _ widths: [Int]) -> String {
    all.map { row in
      row.indices.map { column in
        column == row.count - 1
          ? row[column]
          : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}
