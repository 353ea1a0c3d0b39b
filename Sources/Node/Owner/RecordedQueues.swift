internal import Glibc
internal import JSON

/// The file QUEUES of a shard's folder: the prefix and the virtual host by which its events came,
/// and among how many shards they were shared out. Another prefix in the configuration would leave
/// what producers publish to the old one lying there, and another number of shards would send an
/// event that comes again to a shard that does not know it; and nobody would be told.
package struct RecordedQueues: Equatable, Sendable {
  package var prefix: String
  package var vhost: String
  package var shards: Int

  package init(prefix: String, vhost: String, shards: Int) {
    self.prefix = prefix
    self.vhost = vhost
    self.shards = shards
  }

  static let fileName = "QUEUES"
  private static let mostBytes = 1 << 16

  /// - Returns: nil when none are recorded: a new store, or one of an earlier version.
  /// - Throws: when the file cannot be read, or holds something else.
  package static func read(_ folder: String) throws(NodeError) -> RecordedQueues? {
    let file = "\(folder)/\(fileName)"
    guard access(file, F_OK) == 0 else { return nil }
    guard let bytes = readBytes(file) else {
      throw NodeError(
        message: "cannot read \(file): \(String(cString: strerror(errno)))", exitCode: 74)
    }
    guard bytes.count <= mostBytes,
      let recorded = try? JSONParser().withDocument(bytes, { RecordedQueues($0) })
    else {
      throw NodeError(
        message: """
          \(file) does not say which prefix and virtual host the store is for; expected \
          {"prefix":"meddela","vhost":"/","shards":1}. `meddela shards adopt` writes it anew
          """,
        exitCode: 65)
    }
    return recorded
  }

  private init?(_ value: JSONValue) {
    guard let prefix = value["prefix"]?.asString, let vhost = value["vhost"]?.asString else {
      return nil
    }
    // Earlier versions had one.
    let shards = value["shards"].map(\.asInt64) ?? 1
    guard let shards = shards.flatMap({ Int(exactly: $0) }), shards > 0 else { return nil }
    self.init(prefix: prefix.string, vhost: vhost.string, shards: shards)
  }

  /// Durable when it returns.
  package func write(_ folder: String) throws(NodeError) {
    var writer = ByteWriter(capacity: 256)
    writer.write(#"{"prefix":"#)
    Array(prefix.utf8).withUnsafeBytes { writer.writeJSONString($0) }
    writer.write(#","vhost":"#)
    Array(vhost.utf8).withUnsafeBytes { writer.writeJSONString($0) }
    writer.write(#","shards":"#)
    writer.write(decimal: shards)
    writer.write("}\n")
    try DurableFile.replace("\(folder)/\(Self.fileName)", with: writer.array())
    try DurableFile.syncFolder(folder)
  }

  /// - Throws: 78 when the store's events were shared out among another number of shards.
  package func checkCount(_ configured: Int, _ folder: String) throws(NodeError) {
    guard shards != configured else { return }
    throw NodeError(
      message: """
        this store (\(folder)) is one of \(shards); the configuration says \(configured) \
        (shards.count). An event that comes again would go to another shard than before. Put it \
        back: the number of shards is fixed by the first start
        """,
      exitCode: 78)
  }

  /// - Throws: 78 when the store's events came by others than these.
  package func check(_ folder: String) throws(NodeError) {
    guard let recorded = try Self.read(folder), recorded != self else { return }
    try recorded.checkCount(shards, folder)
    throw NodeError(
      message: """
        the events of this store (\(folder)) came by the prefix \(recorded.prefix) in the \
        virtual host \(recorded.vhost); the configuration says prefix \(prefix) \
        (topology.prefix) and virtual host \(vhost) (broker.vhost, or the path in broker.urls). \
        What producers publish to the old ones would stay there. Put it back, or run \
        `meddela shards adopt` to go on with the new ones
        """,
      exitCode: 78)
  }
}
