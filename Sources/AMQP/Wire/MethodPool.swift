internal import CRabbitMQ

/// Memory for one method at a time, in the library's own pool: what decoding allocates, and the
/// copies that encoding points at. Everything in it is gone after `withPool`.
final class MethodPool {
  // A pool may not move in memory while it is in use.
  private let pool: UnsafeMutablePointer<amqp_pool_t>

  init() {
    pool = .allocate(capacity: 1)
    init_amqp_pool(pool, 4096)
  }

  deinit {
    empty_amqp_pool(pool)
    pool.deallocate()
  }

  func withPool<R, E: Error>(
    _ use: (UnsafeMutablePointer<amqp_pool_t>) throws(E) -> R
  ) throws(E) -> R {
    defer { recycle_amqp_pool(pool) }
    return try use(pool)
  }
}

extension UnsafeMutablePointer where Pointee == amqp_pool_t {
  /// A copy of the bytes that lives as long as the pool's content.
  func copy(_ bytes: some Collection<UInt8>) -> amqp_bytes_t {
    var copy = amqp_bytes_t()
    guard !bytes.isEmpty else { return copy }
    amqp_pool_alloc_bytes(self, bytes.count, &copy)
    guard let memory = copy.bytes else { return amqp_bytes_t() }
    UnsafeMutableRawBufferPointer(start: memory, count: copy.len).copyBytes(from: bytes)
    return copy
  }

  func copy(_ text: String) -> amqp_bytes_t {
    copy(text.utf8)
  }

  func table(_ entries: [(String, amqp_field_value_t)]) -> amqp_table_t {
    guard !entries.isEmpty,
      let memory = amqp_pool_alloc(self, entries.count * MemoryLayout<amqp_table_entry_t>.stride)
    else { return amqp_table_t() }
    let table = memory.bindMemory(to: amqp_table_entry_t.self, capacity: entries.count)
    for (index, entry) in entries.enumerated() {
      let (name, value) = entry
      (table + index).initialize(to: amqp_table_entry_t(key: copy(name), value: value))
    }
    return amqp_table_t(num_entries: Int32(entries.count), entries: table)
  }

  func table(_ arguments: [Argument]) -> amqp_table_t {
    table(arguments.map { ($0.name, field($0.value)) })
  }

  private func field(_ value: FieldValue) -> amqp_field_value_t {
    switch value {
    case .boolean(let value): meddela_field_boolean(value ? 1 : 0)
    case .int32(let value): meddela_field_int32(value)
    case .int64(let value): meddela_field_int64(value)
    case .string(let value): meddela_field_string(copy(value))
    }
  }
}

extension amqp_bytes_t {
  /// The text (invalid UTF-8 repaired), cut at `limit` bytes.
  func text(limit: Int = AMQPLimits.replyTextBytes) -> String {
    String(
      decoding: UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : min(len, limit)),
      as: UTF8.self)
  }
}
