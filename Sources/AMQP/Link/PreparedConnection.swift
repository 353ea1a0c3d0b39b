internal import Glibc
internal import NIOSSL

/// What a connect needs from files, read off the event loop.
struct PreparedConnection: Sendable {
  let tls: NIOSSLContext?
  let username: String
  let password: Secret

  /// Reads password and certificates as they are now. Blocks.
  init(_ options: BrokerOptions, _ address: BrokerAddress) throws(AMQPError) {
    username = address.username ?? options.username
    if let password = address.password {
      self.password = password
    } else {
      switch options.password {
      case .value(let secret): password = secret
      case .file(let path): password = Secret(try Self.firstLine(of: path))
      }
    }
    tls = address.usesTLS ? try Self.context(options.tls) : nil
  }

  private static func context(_ options: TLSOptions) throws(AMQPError) -> NIOSSLContext {
    if let name = options.serverName, name.isIPAddress {
      throw AMQPError(
        .invalidOption, "broker.tls.serverName is an address: \(name)",
        advice: "set a name in the certificate; an address in broker.urls is verified by itself")
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.certificateVerification = .fullVerification
    if let path = options.caFile {
      let authorities = try reading("broker.tls.caFile", path) {
        try NIOSSLCertificate.fromPEMFile(path)
      }
      configuration.trustRoots = .certificates(authorities)
    }
    if let path = options.certificateFile {
      let chain = try reading("broker.tls.certificateFile", path) {
        try NIOSSLCertificate.fromPEMFile(path)
      }
      configuration.certificateChain = chain.map { .certificate($0) }
    }
    if let path = options.keyFile {
      let key = try reading("broker.tls.keyFile", path) {
        try NIOSSLPrivateKey(file: path, format: .pem)
      }
      configuration.privateKey = .privateKey(key)
    }
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw AMQPError(
        .unreadableFile, "The certificates cannot be used: \(error)",
        advice: "check that broker.tls.keyFile belongs to broker.tls.certificateFile")
    }
  }

  private static func reading<R>(
    _ key: String, _ path: String, _ read: () throws -> R
  ) throws(AMQPError) -> R {
    do {
      return try read()
    } catch {
      throw AMQPError(
        .unreadableFile, "Cannot read \(path): \(error)",
        advice: "check \(key): a PEM file that we may read")
    }
  }

  private static func firstLine(of path: String) throws(AMQPError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path, errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw unreadable(path, errno) }
    let line = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    return String(decoding: line, as: UTF8.self)
  }

  private static func unreadable(_ path: String, _ number: Int32) -> AMQPError {
    AMQPError(
      .unreadableFile, "Cannot read the password file \(path)",
      advice: "check broker.passwordFile and its permissions", nativeCode: Int(number))
  }
}
