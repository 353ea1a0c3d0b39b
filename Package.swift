// swift-tools-version: 6.2
import PackageDescription

/// One set of settings for every Swift target. A misspelt feature name is silently ignored by
/// the compiler, so TidyTests and Sources/JSON/RequiredFeatures.swift check that they are on.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
  // Accesses that overlap are found in every debug build and test run; checking them again in a
  // release costs a fifteenth of the CPU of an event.
  .unsafeFlags(
    ["-enforce-exclusivity=unchecked", "-cross-module-optimization"],
    .when(configuration: .release)),
]

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "meddela",
  products: [
    .executable(name: "meddela", targets: ["meddela"]),
    .executable(name: "meddela-bench", targets: ["meddela-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
  ],
  targets: [
    // C and C++: system libraries and what Swift cannot say itself.
    .systemLibrary(
      name: "CRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
    .systemLibrary(
      name: "CSimdJSONLibrary", pkgConfig: "simdjson", providers: [.apt(["libsimdjson-dev"])]),
    .target(
      name: "CSimdJSON", dependencies: ["CSimdJSONLibrary"]),
    .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CBareRelay", dependencies: ["CRabbitMQ"]),
    .target(name: "CStoreRivals"),
    .target(name: "CCRC32C"),
    .target(name: "CSystemCalls"),

    // The arrows of the architecture, bottom to top.
    .target(name: "LogSequence", swiftSettings: settings),
    .target(name: "JSON", dependencies: ["CSimdJSON"], swiftSettings: settings),
    .target(
      name: "Messages", dependencies: ["CExpat", "CZlib", "JSON", "LogSequence"],
      swiftSettings: settings),
    .target(
      name: "Templates",
      dependencies: ["CLibCrypto", "JSON", "Messages", "Yams"],
      swiftSettings: settings),
    .target(
      name: "Execution",
      dependencies: [
        "JSON", "LogSequence", "Messages", "Templates",
        .product(name: "DequeModule", package: "swift-collections"),
        .product(name: "HeapModule", package: "swift-collections"),
      ],
      swiftSettings: settings),
    // The simulator: tests and `meddela-bench simulate` run it.
    .target(
      name: "Simulation",
      dependencies: [
        "Execution", "JSON", "LogSequence", "Messages", "Templates",
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: settings),
    .target(
      name: "EventLog", dependencies: ["CCRC32C", "CSystemCalls", "LogSequence"],
      swiftSettings: settings),
    .target(
      name: "AMQP",
      dependencies: [
        "CRabbitMQ", nio, nioPosix, logging,
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: settings),
    .target(
      name: "Node",
      dependencies: [
        "AMQP", "EventLog", "Execution", "JSON", "LogSequence", "Messages", "Templates", "Yams",
        nio, nioPosix, logging, lifecycle, unixSignals,
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ],
      swiftSettings: settings),
    .target(
      name: "Commands",
      dependencies: [
        "AMQP", "EventLog", "Execution", "JSON", "LogSequence", "Messages", "Node", "Templates",
        nio, nioPosix, logging, lifecycle, unixSignals, arguments,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "meddela", dependencies: ["Commands", arguments], swiftSettings: settings),
    .executableTarget(
      name: "meddela-bench",
      dependencies: [
        "CBareRelay", "CStoreRivals", "Commands", "EventLog", "Execution", "LogSequence", "Node",
        "Simulation",
        arguments,
      ],
      swiftSettings: settings),

    // What several test targets use.
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "TidyTests", swiftSettings: settings),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "MessagesTests", dependencies: ["JSON", "LogSequence", "Messages", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "TemplatesTests", dependencies: ["JSON", "Messages", "Templates", "TestSupport"],
      exclude: ["Fixtures"], swiftSettings: settings),
    .testTarget(
      name: "EventLogTests", dependencies: ["EventLog", "LogSequence", "TestSupport"],
      exclude: ["Golden/format-1", "Golden/format-2"], swiftSettings: settings),
    .testTarget(
      name: "AMQPTests",
      dependencies: [
        "AMQP", "TestSupport", nio, nioPosix, logging,
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "ExecutionTests",
      dependencies: ["Execution", "JSON", "LogSequence", "Messages", "Simulation", "Templates"],
      exclude: ["Golden/records-1.txt", "Golden/fields-1.txt", "Golden/messages-1.txt"],
      swiftSettings: settings),
    .testTarget(
      name: "NodeTests",
      dependencies: [
        "AMQP", "EventLog", "Execution", "JSON", "LogSequence", "Messages", "Node", "Templates",
        logging,
      ],
      swiftSettings: settings),
    .testTarget(
      name: "CommandsTests", dependencies: ["Commands", "JSON", "Messages", arguments],
      swiftSettings: settings),
    .testTarget(
      name: "IntegrationTests",
      dependencies: [
        "AMQP", "EventLog", "JSON", "Messages", "Simulation", "TestSupport", nio, nioPosix, logging,
        "meddela",
      ],
      swiftSettings: settings),
  ],
  cxxLanguageStandard: .cxx17
)
