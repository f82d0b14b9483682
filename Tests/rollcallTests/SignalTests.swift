import Foundation
import Kafka
import Sandbox
import Testing

@testable import rollcall

/// A server that accepts connections and never says a word.
private final class SilentServer {
    let port: Int
    private let listener: Int32
    private var peers: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        try #require(isBound)
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Waits for somebody to connect.
    func awaitConnection() throws {
        let peer = accept(listener, nil, nil)
        try #require(peer >= 0)
        peers.append(peer)
    }

    deinit {
        for descriptor in peers + [listener] { close(descriptor) }
    }
}

@Suite("Signals end a command as the contract has it", .timeLimit(.minutes(15)))
struct SignalTests {
    @Test("A second signal ends the process at once, even while a server keeps it waiting")
    func secondSignal() throws {
        let directory = try TemporaryDirectory()
        let server = try SilentServer()
        let yaml = completeYAML.replacing("    database: shop", with: "    database: shop\n    port: \(server.port)")
        try directory.write("rollcall.yaml", yaml.replacing("127.0.0.1:9092", with: "127.0.0.1:\(server.port)"))
        let process = try Binary.start(["verify"], in: directory.path)
        // Whoever connects has its handlers in place.
        try server.awaitConnection()
        kill(process.processIdentifier, SIGINT)
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        // Which of two signals that arrive together is the second is the system's choice.
        #expect([130, 143].contains(process.terminationStatus))
    }

    @Test("verify, interrupted, leaves no report and exits with the signal's code", arguments: [SIGINT, SIGTERM])
    func verifyInterrupted(signal: Int32) throws {
        let directory = try TemporaryDirectory()
        let server = try SilentServer()
        let yaml = completeYAML.replacing(
            "    database: shop", with: "    database: shop\n    port: \(server.port)\n    connect_timeout_seconds: 1")
        try directory.write("rollcall.yaml", yaml.replacing("127.0.0.1:9092", with: "127.0.0.1:\(server.port)"))
        let process = try Binary.start(["verify"], in: directory.path)
        try server.awaitConnection()
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationStatus == 128 + signal)
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/reports")
        #expect(left.filter { !$0.hasPrefix("history.sqlite") } == [])
    }
}
