internal import AMQP
internal import CBareRelay
internal import Glibc

/// The broker to measure on: a given one, or one of our own that `deploy/broker` starts.
struct PrivateBroker: Sendable {
  let url: String
  let address: BrokerAddress
  private let script: String?
  private let folder: String

  init(url: String?, in workspace: String) throws {
    folder = "\(workspace)/broker"
    if let url {
      script = nil
      self.url = url
    } else {
      let script = try Self.findScript()
      self.script = script
      writeError("starting a broker in \(folder)\n")
      let child = try ChildProcess(
        [script, "start", folder], errorPath: "\(workspace)/broker.log")
      self.url = child.readOutput().split(separator: "\n").last.map(String.init) ?? ""
      guard child.wait().isSuccess else {
        throw BenchFailure("the broker did not start: \(workspace)/broker.log")
      }
    }
    do {
      address = try BrokerAddress(url: self.url)
    } catch {
      throw BenchFailure(error.description)
    }
    if address.usesTLS { throw BenchFailure("the bare relay knows no TLS: give an amqp:// URL") }
  }

  /// Ends it. Nothing in it is wanted any more, so the node need not save it first.
  func stop() {
    guard let script else { return }
    for word in ["kill", "stop"] {
      let child = try? ChildProcess([script, word, folder], errorPath: "/dev/null")
      _ = child?.readOutput()
      _ = child?.wait()
    }
  }

  /// Calls `use` with what CBareRelay takes.
  static func withBare<R>(_ address: BrokerAddress, _ use: (bare_broker) -> R) -> R {
    address.host.withCString { host in
      (address.vhost ?? "/").withCString { vhost in
        (address.username ?? "guest").withCString { username in
          (address.password?.value ?? "guest").withCString { password in
            use(
              bare_broker(
                host: host, port: Int32(address.port), vhost: vhost, username: username,
                password: password))
          }
        }
      }
    }
  }

  /// `deploy/broker`, beside the sources that this program was built from.
  static func findScript() throws -> String {
    for start in [programFolder(), String(cString: getcwd(nil, 0))] {
      var folder = start
      while folder != "/", folder != "." {
        let path = "\(folder)/deploy/broker"
        if access(path, X_OK) == 0 { return path }
        folder = parentFolder(of: folder)
      }
    }
    throw BenchFailure("deploy/broker is not found: start a broker and give --broker URL")
  }
}
