/// Variables that Kubernetes and Docker put into the environment of every container for each
/// service beside it: a Service called `meddela` makes `MEDDELA_SERVICE_HOST`, `MEDDELA_PORT`,
/// `MEDDELA_PORT_8080_TCP_ADDR` and more, one called `meddela-http` a `MEDDELA_HTTP_PORT` with an
/// address in it. None of them is meant for us.
///
/// Form: kubernetes/pkg/kubelet/envvars/envvars.go.
enum ServiceLinks {
  /// - Parameter isKey: whether a key of ours has this name; such a variable is a link only if its
  ///   value is an address as links have it.
  static func contains(_ name: String, value: String, isKey: Bool) -> Bool {
    if isKey { return isAddress(value) }
    let words = name.split(separator: "_", omittingEmptySubsequences: false)
    if words.suffix(2) == ["SERVICE", "HOST"] || words.suffix(2) == ["SERVICE", "PORT"] {
      return true
    }
    // A port that has a name: MEDDELA_SERVICE_PORT_HTTP.
    if let index = words.indices.dropLast(2).first(where: {
      words[$0] == "SERVICE" && words[$0 + 1] == "PORT"
    }) {
      return index > 0
    }
    if words.last == "PORT" { return isAddress(value) || isPortOfLink(words) }
    return isPortOfLink(words)
  }

  /// `..._PORT_8080_TCP`, and `_PROTO`, `_PORT`, `_ADDR` of it.
  private static func isPortOfLink(_ words: [Substring]) -> Bool {
    var words = words
    if let last = words.last, last == "PROTO" || last == "PORT" || last == "ADDR" {
      words.removeLast()
    }
    guard words.count > 3, let proto = words.popLast(), let port = words.popLast() else {
      return false
    }
    return words.last == "PORT" && protocols.contains(proto.lowercased()) && isNumber(port)
  }

  private static let protocols: Set<String> = ["tcp", "udp", "sctp"]

  /// `tcp://10.0.0.1:8080`, `tcp://[fd00::1]:8080`.
  private static func isAddress(_ value: String) -> Bool {
    guard let scheme = value.firstRange(of: "://"),
      protocols.contains(String(value[..<scheme.lowerBound])),
      let colon = value.lastIndex(of: ":"), colon > scheme.upperBound
    else { return false }
    return isNumber(value[value.index(after: colon)...])
  }

  private static func isNumber(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
  }
}
