import Testing

@testable import Node

@Suite struct ServiceLinkTests {
  private func values(_ environment: [String: String]) throws -> ConfigurationValues {
    try ConfigurationValues(path: nil, environment: environment, flags: [])
  }

  @Test func `What Kubernetes writes for services beside us is passed over`() throws {
    var environment: [String: String] = [:]
    for name in ["MEDDELA", "MEDDELA_HTTP", "MEDDELA_BROKER"] {
      environment["\(name)_SERVICE_HOST"] = "10.0.0.1"
      environment["\(name)_SERVICE_PORT"] = "8080"
      environment["\(name)_SERVICE_PORT_HTTP"] = "8080"
      environment["\(name)_SERVICE_PORT_AMQP_TLS"] = "5671"
      environment["\(name)_PORT"] = "tcp://10.0.0.1:8080"
      environment["\(name)_PORT_8080_TCP"] = "tcp://10.0.0.1:8080"
      environment["\(name)_PORT_8080_TCP_PROTO"] = "tcp"
      environment["\(name)_PORT_8080_TCP_PORT"] = "8080"
      environment["\(name)_PORT_8080_TCP_ADDR"] = "10.0.0.1"
      environment["\(name)_PORT_53_UDP"] = "udp://[fd00::1]:53"
    }
    let values = try values(environment)
    #expect(values.passedOver == environment.keys.sorted())
    #expect(values.value("http.port")?.source == "default")
  }

  @Test func `A key of ours is one, and a mistyped one an error`() throws {
    let values = try values(["MEDDELA_HTTP_PORT": "8081", "MEDDELA_TOPOLOGY_PREFIX": "a"])
    #expect(values.value("http.port")?.text == "8081")
    #expect(values.passedOver.isEmpty)
    for name in [
      "MEDDELA_PROT", "MEDDELA_HTTP_PROT", "MEDDELA_STORE", "MEDDELA_STORE_PAHT",
      "MEDDELA_SERVICE", "MEDDELA_PORT_8080", "MEDDELA_PORT_HTTP_TCP", "MEDDELA_HOST",
    ] {
      #expect(throws: ConfigurationError.self) { try self.values([name: "x"]) }
    }
    #expect(throws: ConfigurationError.self) { try self.values(["MEDDELA_PORT": "8080"]) }
  }

  @Test func `A folder without a name is refused`() throws {
    for key in ["MEDDELA_STORE_PATH", "MEDDELA_TEMPLATES_PATH"] {
      let values = try values([key: ""])
      let error = #expect(throws: ConfigurationError.self) { try NodeConfiguration(values) }
      #expect(error?.problems.first?.hasPrefix("\(key): ") == true)
    }
  }
}
