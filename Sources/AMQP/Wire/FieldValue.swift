/// A typed value of a table: of a declaration's arguments or a consumer's.
package enum FieldValue: Sendable, Equatable, Hashable {
  /// A boolean.
  case boolean(Bool)
  /// A signed 32-bit integer.
  case int32(Int32)
  /// A signed 64-bit integer; RabbitMQ compares integers by value, whatever their width.
  case int64(Int64)
  /// A string.
  case string(String)
}

/// One argument of a declaration or a consumer. An array of these keeps its order.
package struct Argument: Sendable, Equatable, Hashable {
  /// For example `x-queue-type`.
  package let name: String
  /// Its typed value.
  package let value: FieldValue

  /// Makes an argument.
  package init(_ name: String, _ value: FieldValue) {
    self.name = name
    self.value = value
  }
}
