// swift-tools-version: 6.1
import PackageDescription

// Imports only go down: each list names what a target may see, and nothing else may be added without
// changing the house (see "Architecture" in Sources/rollcall/Documentation.docc).
let package = Package(
    name: "rollcall",
    products: [
        .executable(name: "rollcall", targets: ["rollcall"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.0"),
    ],
    targets: [
        // Floor 0: the C libraries.
        .systemLibrary(name: "CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CMySQL", pkgConfig: "libmariadb", providers: [.apt(["libmariadb-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        // Floor 1: one Swift face per C library; no domain words.
        .target(name: "Kafka", dependencies: ["CRDKafka"]),
        .target(name: "MySQL", dependencies: ["CMySQL"]),
        .target(name: "SQLite", dependencies: ["CSQLite"]),
        .target(name: "HTTP", dependencies: ["CCurl"]),

        // Floor 2: values and pure functions.
        .target(name: "Domain"),

        // Floor 3: files that outlive a run.
        .target(name: "Ledger", dependencies: ["Domain", "SQLite"]),
        .target(
            name: "Report", dependencies: ["Domain"],
            resources: [.embedInCode("Resources/report.css"), .embedInCode("Resources/report.js")]),
        // The source database as the aggregate query shows it: the pipeline writes, and the reconciliation judges, what
        // this one target reads, so that the two can never read differently.
        .target(name: "Source", dependencies: ["Domain", "MySQL"]),

        // Floor 4: the three that never import each other.
        .target(
            name: "Pipeline",
            dependencies: [
                "Domain", "Ledger", "Source", "Kafka", "MySQL", "HTTP", .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Reconcile",
            dependencies: [
                "Domain", "Ledger", "Report", "Source", "Kafka", "MySQL", .product(name: "Logging", package: "swift-log"),
            ]),
        .target(
            name: "Sandbox",
            dependencies: ["Domain", "Kafka", "MySQL", .product(name: "FlyingFox", package: "FlyingFox")],
            resources: [.embedInCode("Resources/debezium_bridge.py")]),

        // Above both, and beside the command: drives pipeline and reconciliation through schedules over simulated ports. No part of
        // the product; see "The simulator" in Sources/rollcall/Documentation.docc.
        .target(
            name: "Simulator",
            dependencies: [
                "Domain", "Kafka", "Source", "Pipeline", "Reconcile", "Report", .product(name: "Logging", package: "swift-log"),
            ]),
        .executableTarget(
            name: "simulate",
            dependencies: ["Simulator", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/Simulate"),

        // Floor 5: the command.
        .executableTarget(
            name: "rollcall",
            dependencies: [
                "Domain", "Kafka", "MySQL", "SQLite", "HTTP", "Ledger", "Report", "Source", "Pipeline", "Reconcile", "Sandbox",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "FlyingFox", package: "FlyingFox"),
            ]),

        // Measurements on the embedded stack; see scripts/bench.
        .executableTarget(
            name: "bench",
            dependencies: [
                "Domain", "Kafka", "MySQL", "Source", "Sandbox", "Pipeline", "Reconcile", "Ledger", "Report",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Bench"),

        // What tests of several targets need, and the product does not.
        .target(name: "TestSupport", path: "Tests/TestSupport"),

        // A disk that fails in a chosen call, under SQLite.
        .target(name: "CFaultyVFS", dependencies: ["CSQLite"], path: "Tests/CFaultyVFS"),

        .testTarget(name: "KafkaTests", dependencies: ["Kafka"]),
        .testTarget(name: "MySQLTests", dependencies: ["MySQL", "Sandbox", "rollcall"]),
        .testTarget(name: "SQLiteTests", dependencies: ["SQLite", "TestSupport"]),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", .product(name: "FlyingFox", package: "FlyingFox")]),
        .testTarget(name: "DomainTests", dependencies: ["Domain"], resources: [.copy("DebeziumSamples")]),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger", "SQLite", "Domain", "TestSupport", "CFaultyVFS"]),
        .testTarget(name: "ReportTests", dependencies: ["Report", "Domain", "HTTP"]),
        .testTarget(name: "SourceTests", dependencies: ["Source", "MySQL", "Domain", "Sandbox", "rollcall"]),
        .testTarget(
            name: "PipelineTests",
            dependencies: [
                "Pipeline", "Domain", "Ledger", "Source", "Kafka", "MySQL", "HTTP", "Sandbox", "rollcall", "TestSupport",
            ]),
        .testTarget(
            name: "ReconcileTests",
            dependencies: [
                "Reconcile", "Pipeline", "Domain", "Ledger", "Report", "Source", "Kafka", "MySQL", "Sandbox", "rollcall",
            ]),
        .testTarget(
            name: "SimulatorTests",
            dependencies: [
                "Simulator", "Domain", "Kafka", "MySQL", "Ledger", "Source", "Pipeline", "Reconcile", "Sandbox", "rollcall",
            ]),
        .testTarget(
            name: "FuzzTests", dependencies: ["Domain", "HTTP", "Pipeline", "Report", "rollcall"],
            exclude: ["Corpus", "Entry", "seeds.py"]),
        .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "Kafka", "MySQL", "rollcall"]),
        .testTarget(
            name: "rollcallTests",
            dependencies: [
                "rollcall", "Sandbox", "Domain", "HTTP", "Kafka", "Ledger", "MySQL", "Pipeline", "Report", "Source",
                "TestSupport",
            ],
            // Read where they lie, so that the same test can write them anew.
            exclude: ["Help"]),
    ],
    swiftLanguageModes: [.v6]
)

// For scripts/fuzz, what FuzzTests runs over its corpora becomes a program of its own. It needs the command's sources as a
// library, and libFuzzer brings the `main`; nobody else builds, or pays for, any of it.
if Context.environment["ROLLCALL_FUZZ"] != nil {
    let command = package.targets.first { $0.name == "rollcall" }
    package.products = [.executable(name: "fuzz", targets: ["fuzz"])]
    package.targets = package.targets.filter { [.regular, .system].contains($0.type) }
    package.targets += [
        .target(name: "rollcall", dependencies: command?.dependencies ?? [], swiftSettings: [.define("ROLLCALL_FUZZ")]),
        .executableTarget(
            name: "fuzz", dependencies: ["Domain", "HTTP", "Pipeline", "Report", "rollcall"], path: "Tests/FuzzTests",
            exclude: ["Corpus", "CorpusTests.swift", "seeds.py"]),
    ]
}
