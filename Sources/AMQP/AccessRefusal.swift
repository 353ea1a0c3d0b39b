/// What the broker said when it refused an account the use of a queue or an exchange, taken apart.
///
/// Texts: rabbit_access_control.erl, check_resource_access. RabbitMQ 3.10 names no permission:
/// `ACCESS_REFUSED - access to queue 'q' in vhost '/' refused for user 'u'`; later ones do:
/// `ACCESS_REFUSED - read access to queue 'q' in vhost '/' refused for user 'u'`.
package struct AccessRefusal: Sendable, Equatable {
  package enum Permission: String, Sendable {
    case configure, write, read
  }

  package enum Kind: String, Sendable {
    case queue, exchange
    /// A routing key that a topic permission does not match.
    case topic
  }

  /// Nil where neither the broker nor what was asked for says which.
  package var permission: Permission?
  package var kind: Kind
  package var name: String
  package var vhost: String
  package var user: String

  package init(
    _ permission: Permission?, _ kind: Kind, _ name: String, vhost: String, user: String
  ) {
    self.permission = permission
    self.kind = kind
    self.name = name
    self.vhost = vhost
    self.user = user
  }

  /// - Returns: nil when the text is about something else: a login, a reserved name, a queue in
  ///   exclusive use.
  init?(_ text: String) {
    guard let access = text.firstRange(of: "access to "),
      let refused = text.firstRange(of: " refused for user '"),
      access.upperBound < refused.lowerBound
    else { return nil }
    let before = text[..<access.lowerBound].split(separator: " ").last ?? ""
    permission = Permission(rawValue: String(before))
    let subject = text[access.upperBound..<refused.lowerBound]
    guard let quote = subject.firstRange(of: " '"),
      let kind = Kind(rawValue: String(subject[..<quote.lowerBound])),
      let place = subject.ranges(of: " in vhost '").last, place.lowerBound > quote.upperBound
    else { return nil }
    self.kind = kind
    // Of a topic: `'key' in exchange topic 'x'`, and the exchange is what a person knows.
    let named = subject[quote.upperBound..<place.lowerBound]
    let exchange = kind == .topic ? named.ranges(of: " '").last : nil
    name = String(named[(exchange?.upperBound ?? named.startIndex)...].dropLast())
    vhost = String(subject[place.upperBound...].dropLast())
    let user = text[refused.upperBound...]
    guard let end = user.firstIndex(of: "'") else { return nil }
    self.user = String(user[..<end])
  }

  /// The same with the permission that the work channel asks for: it publishes to exchanges, and
  /// takes from queues.
  var ofWork: AccessRefusal {
    var refusal = self
    if permission == nil { refusal.permission = kind == .queue ? .read : .write }
    return refusal
  }

  /// The same with the permission that the operation asks for. A declaration that names a dead
  /// letter or alternate exchange is taken for one that may not configure: that is asked for first.
  func of(_ operation: TopologyOperation) -> AccessRefusal {
    var refusal = self
    if permission == nil { refusal.permission = operation.permission(on: name, kind) }
    return refusal
  }
}

extension TopologyOperation {
  /// What it needs of that name; nil where the name has nothing to do with it.
  fileprivate func permission(
    on name: String, _ kind: AccessRefusal.Kind
  ) -> AccessRefusal.Permission? {
    switch self {
    case .declareExchange(let own, _, _, _), .deleteExchange(let own), .assertExchange(let own):
      own == name && kind == .exchange ? .configure : .write
    case .declareQueue(let own, _, _, _, _), .deleteQueue(let own), .assertQueue(let own):
      own == name && kind == .queue ? .configure : .write
    case .purgeQueue, .checkReading: .read
    case .bindQueue, .unbindQueue: kind == .queue ? .write : .read
    case .bindExchange(let destination, let source, _, _),
      .unbindExchange(let destination, let source, _, _):
      destination == source ? nil : name == destination ? .write : .read
    }
  }
}

extension AccessRefusal {
  /// What the account lacks, with no full stop.
  package var sentence: String {
    let what = permission.map { "the \($0.rawValue) permission" } ?? "a permission"
    let on = kind == .topic ? "topics of the exchange" : "the \(kind.rawValue)"
    return "the account \(user) needs \(what) on \(on) \(name) in the virtual host \(vhost)"
  }

  /// How a person gives it.
  package var advice: String {
    guard kind != .topic else {
      return "`rabbitmqctl list_topic_permissions -p \(Self.quoted(vhost))` shows what is set"
    }
    let places = ["CONFIGURE", "WRITE", "READ"]
    let place = permission.map { $0.rawValue.uppercased() } ?? "one of them"
    return """
      `rabbitmqctl set_permissions -p \(Self.quoted(vhost)) \(Self.quoted(user)) \
      \(places.joined(separator: " "))` sets three regular expressions, and \(place) has to match \
      this name, as \(Self.quoted("^\(Self.escaped(name))$")) does; `rabbitmqctl \
      list_user_permissions \(Self.quoted(user))` shows those that are set
      """
  }

  /// As a word of a shell.
  package static func quoted(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy {
        0x61...0x7A ~= $0 || 0x41...0x5A ~= $0 || 0x30...0x39 ~= $0 || "-_./".utf8.contains($0)
      }
    let parts = text.split(separator: "'", omittingEmptySubsequences: false)
    return isPlain ? text : "'" + parts.joined(separator: #"'\''"#) + "'"
  }

  /// As a regular expression that matches it.
  package static func escaped(_ name: String) -> String {
    name.map { ".*+?()[]{}|^$\\".contains($0) ? "\\\($0)" : "\($0)" }.joined()
  }
}
