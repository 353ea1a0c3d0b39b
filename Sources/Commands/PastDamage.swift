internal import ArgumentParser
internal import EventLog
internal import LogSequence

/// `--past-damage`: records that cannot be read are left out, and said.
struct PastDamageOptions: ParsableArguments {
  @Flag(
    help: """
      Go on where stored data is damaged, and say on standard error which records were left out; \
      without it the command ends with 65.
      """)
  var pastDamage = false
}

/// What a command leaves out because it is damaged. Each place once, however often it is read.
final class LeftOut {
  private let isOn: Bool
  private var told: [String] = []
  private var places: Set<String> = []
  private var records = 0

  init(_ options: PastDamageOptions) { isOn = options.pastDamage }

  /// For a reader of the store; nil when damage is to end the command.
  var onDamage: ((StoreFinding) -> Void)? { isOn ? { [self] in add($0) } : nil }

  private func add(_ finding: StoreFinding) {
    guard places.insert("\(finding)").inserted else { return }
    told.append("\(finding)")
    records += finding.lostRecords?.count ?? 0
  }

  /// At the end, when nothing more is written to standard output.
  func say() {
    guard !told.isEmpty else { return }
    for place in told { warn(place) }
    warn("\(records) records were left out, for they are damaged; see the places above")
  }
}
