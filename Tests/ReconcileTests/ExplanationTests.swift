import Domain
import Foundation
import Kafka
import Report
import Testing

@testable import Reconcile

@Suite("Explaining one user")
struct ExplanationTests {
    private let directory = ReportsDirectory()

    private func explain(_ user: String, _ ports: any ReconcilePorts) -> Explanation {
        var settings = World.settings
        // What is down stays down for the whole test.
        settings.fenceTimeoutMs = 1_000
        settings.settleTimeoutMs = 1_000
        return Explainer(settings, ports: ports, historyPath: directory.path + "/history.sqlite").explain(UserID(user))
    }

    @Test("One who exists nowhere is absent everywhere, and nowhere is right")
    func nobody() {
        let explanation = explain("404", WorldPorts(world: World()))
        #expect(explanation.conclusion == .consistent)
        #expect(explanation.text().hasPrefix("User 404: exists nowhere, and nowhere is right\n"))
        #expect(explanation.json["row"] == .null && explanation.json["god"] == .null)
        #expect(explanation.json["exit_code"] == 0)
    }

    @Test("A user's name keeps its spaces, however narrow the page", arguments: [20, 40, .max])
    func spaces(width: Int) {
        #expect(explain(" 4  2", WorldPorts(world: World())).text(width: width).hasPrefix("User  4  2:"))
    }

    @Test("While the broker is down, the row, the ledger and the past are told all the same")
    func brokerDown() throws {
        let explanation = explain("3", BrokenPorts(inner: WorldPorts(world: World()), hasBroker: false))
        #expect(explanation.conclusion.exitCode == 3)
        #expect(explanation.nextCommand == "rollcall doctor")
        guard case .found = explanation.row, case .found(let productions) = explanation.productions else {
            Issue.record("the row and the ledger could be seen")
            return
        }
        #expect(productions.count == 1)
        for unseen in ["aggregate", "God object", "changes"] {
            #expect(explanation.text().contains(try Regex("\\n  \\Q\(unseen)\\E +could not be read: the broker is down")))
        }
        #expect(explanation.json["aggregate"]?["unseen"] == "the broker is down")
    }

    @Test("While the source is down, the topics are told all the same")
    func sourceDown() {
        let explanation = explain("3", BrokenPorts(inner: WorldPorts(world: World()), hasSource: false))
        #expect(explanation.conclusion.exitCode == 3)
        guard case .found = explanation.aggregate, case .found = explanation.god else {
            Issue.record("the topics could be seen")
            return
        }
        #expect(explanation.text().contains("  row         could not be read: the server is down"))
    }

    @Test("A parked record is told with its hop and reason, and is what to look into next")
    func parked() {
        let world = World()
        world.state.withLock { $0.loses[.enricher] = [UserID("5")] }
        world.change(UserID("5"), to: "edited")
        world.pump()
        world.state.withLock { state in
            let partition = Partitioner.murmur2(key: UserID("5").keyBytes, partitionCount: World.partitionCount)
            let newest = RecordAddress(
                partition: partition, offset: state.end(TopicPartition(World.Topic.aggregate, partition)) - 1)
            let parking = OpenParking(hop: .enricher, reason: .mappingFailed, address: newest, parkedAtMs: state.nowMs)
            state.parked.append((UserID("5"), parking))
        }
        let explanation = explain("5", WorldPorts(world: world))
        #expect(explanation.conclusion.exitCode == 1)
        #expect(explanation.text().contains("by the enricher, 2023-11-14T22:13:20Z: the mapping service gave no usable answer"))
        #expect(explanation.nextCommand == "rollcall parked retry")
    }

    @Test("What earlier runs found is told with its dates, and that it healed")
    func past() throws {
        let world = World()
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        _ = try world.verify(in: directory)
        world.change(UserID("3"), to: "mended")
        world.state.withLock { $0.nowMs += 86_400_000 }
        _ = try world.verify(in: directory)
        let explanation = explain("3", WorldPorts(world: world))
        #expect(explanation.conclusion == .consistent)
        #expect(explanation.text().contains("  earlier     stale at stage aggregate since 2023-11-14"))
        #expect(explanation.text().contains(", healed 2023-11-15"))
    }
}

/// Ports of which some are down.
private struct BrokenPorts: ReconcilePorts {
    struct Down: Error, CustomStringConvertible {
        var description: String
    }

    let inner: WorldPorts
    var hasBroker = true
    var hasSource = true
    var clock: any ReconcileClock { inner.clock }

    func source() throws -> any SourcePort {
        guard hasSource else { throw Down(description: "the server is down") }
        return try inner.source()
    }
    func topic(_ name: String) throws -> any TopicPort {
        guard hasBroker else { throw Down(description: "the broker is down") }
        return try inner.topic(name)
    }
    func progress() throws -> any ProgressPort {
        guard hasBroker else { throw Down(description: "the broker is down") }
        return try inner.progress()
    }
    func ledger() throws -> any LedgerPort { try inner.ledger() }
    func parked() throws -> any ParkedPort { try inner.parked() }
    func replays() throws -> any ReplayPort { try inner.replays() }
    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws { try inner.concurrently(tasks) }
}
