internal import EventLog
internal import Glibc
internal import Messages
internal import Node

/// The event logs below `store.path`: one folder a shard, named with two digits.
struct StoreShards {
  let root: String
  /// In order.
  let names: [String]

  /// - Throws: when there is none.
  init(_ node: NodeConfiguration) throws {
    try self.init(root: node.storePath)
  }

  init(root: String) throws {
    self.root = root
    let names: [String]
    do throws(SystemError) {
      names = try LinuxDisk().list(root)
    } catch {
      throw CommandFailure("\(root): \(error.text)", .noInput)
    }
    self.names = names.filter { name in
      name.utf8.count == 2 && name.utf8.allSatisfy { 0x30...0x39 ~= $0 }
    }
    guard !self.names.isEmpty else {
      throw CommandFailure(
        "\(root): there is no event log here; store.path says where it is", .noInput)
    }
  }

  var numbers: [ShardNumber] { names.compactMap { UInt8($0).map { ShardNumber($0) } } }

  func path(_ name: String) -> String { "\(root)/\(name)" }

  /// Where the templates are that events pin.
  static func templates(_ root: String) -> String { "\(root)/templates" }
}

extension CommandFailure {
  init(_ error: EventLogError) {
    // Nothing is wrong with data that is not there: what was asked for is missing, or its path
    // leads through a file.
    let isMissing =
      error.code == .notAStore && access(error.file, F_OK) != 0 || error.systemError == ENOTDIR
    self.init(
      error.description, isMissing ? .noInput : SystemExit(rawValue: error.exitCode) ?? .inputOutput
    )
  }
}
