internal import NIOCore
internal import NIOSSL

/// Whether a certificate is that of the name that we want to talk to.
///
/// NIOSSL is also content with one that holds the address we are connected to, whatever name was
/// asked for: then any server to which a name service leads us would do.
enum CertificateName {
  /// Asked after NIOSSL has verified the chain and found the name or the address.
  static func verify(
    _ certificate: NIOSSLCertificate, name: String, on eventLoop: any EventLoop
  ) -> EventLoopFuture<Void> {
    let names = certificate._subjectAlternativeNames()
    // Without any, NIOSSL has compared the subject's common name.
    let fits =
      names.isEmpty
      || names.contains { entry in
        entry.nameType == .dnsName
          && entry.contents.withUnsafeBufferPointer {
            matches(name, String(decoding: $0, as: UTF8.self))
          }
      }
    guard fits else {
      return eventLoop.makeFailedFuture(
        AMQPError(
          .tlsFailed, "The broker's certificate does not hold the name \(name)",
          advice: "connect by a name in the certificate or set broker.tls.serverName"))
    }
    return eventLoop.makeSucceededVoidFuture()
  }

  /// RFC 9525: letters of either case; a star stands for the whole first label and nothing else.
  static func matches(_ name: String, _ pattern: String) -> Bool {
    var name = Substring(name.lowercased())
    if name.last == "." { name.removeLast() }
    let pattern = pattern.lowercased()
    guard pattern.hasPrefix("*.") else { return !name.isEmpty && name == pattern }
    guard let period = name.firstIndex(of: "."), period != name.startIndex else { return false }
    return name[period...] == pattern.dropFirst()
  }
}
