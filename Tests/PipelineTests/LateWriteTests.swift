import Domain
import Kafka
import Testing

@testable import Pipeline

@Suite("An aggregate that was written after a newer one is noticed, whatever happens around it")
struct LateWriteTests {
    let world = ScriptedWorld()
    let counters = HopCounters()
    let warnings = Warnings()
    let aggregates = partition("aggregate")

    func enricher() -> Enricher {
        Enricher(
            settings: EnricherSettings(signalsTopic: "signals", godTopic: "god", userIDKind: .integer), mappings: world,
            ledger: world, ports: world.ports(counters, logger: warnings.logger))
    }

    func aggregate(_ user: String, offset: Int64, signal: Int64, version: UInt64 = 1) -> Record {
        let provenance = AggregateProvenance(
            version: position(version), signal: RecordAddress(partition: 0, offset: signal), encoding: "e1")
        return record(
            "aggregate", offset: offset, key: user, value: nil,
            headers: provenance.headers.map { Header($0.name, text: $0.text) })
    }

    func signalled() throws -> [Signal] {
        try (world.topics["signals"] ?? []).map { try Signal(key: $0.key, value: $0.value, kind: .integer) }
    }

    @Test("what a partition held before a revoke is still a measure after it")
    func measureOutlivesRevoke() throws {
        world.polls = [
            Poll(records: [aggregate("7", offset: 5, signal: 10, version: 900)]),
            Poll(records: [aggregate("8", offset: 6, signal: 9)], revoked: [aggregates]),
        ]
        let enricher = enricher()
        for _ in 0..<2 { _ = try enricher.step() }
        #expect(try signalled() == [Signal(user: UserID("8"), position: position(900), cause: .late)])
    }

    @Test("after a restart the measure is taken from the last aggregates before the committed offset")
    func measureOutlivesRestart() throws {
        let late = aggregate("6", offset: 4, signal: 2)
        world.histories = [
            aggregates: PartitionHistory(
                committed: 5, low: 0, high: 6, last: [aggregate("7", offset: 3, signal: 10, version: 900), late])
        ]
        world.polls = [Poll(records: [aggregate("8", offset: 5, signal: 9)], assigned: [aggregates])]
        _ = try enricher().step()
        #expect(try signalled() == [Signal(user: UserID("8"), position: position(900), cause: .late)])
    }

    @Test("records that are read again are not signalled again")
    func readAgain() throws {
        let records = [
            aggregate("7", offset: 5, signal: 10), aggregate("8", offset: 6, signal: 9), aggregate("9", offset: 7, signal: 11),
        ]
        world.failures = [.commit: [PortFailure(.assignmentLost, "illegal generation")]]
        world.polls = [Poll(records: records), Poll(records: records)]
        let enricher = enricher()
        for _ in 0..<2 { _ = try enricher.step() }
        // The late one once, and then all three, whose God objects were delivered when the partition was lost already.
        #expect(try signalled().map(\.user.text) == ["8", "7", "8", "9"])
        #expect(counters.snapshot().lateWrites == 4)
    }

    /// Found by the simulator: the new owner had written its God object before this one arrived, and the older one stayed for ever.
    @Test("a God object that was delivered after its partition was lost has its user looked at again")
    func overtakenGodObject() throws {
        world.polls = [Poll(records: [aggregate("7", offset: 5, signal: 10, version: 900)]), Poll(revoked: [aggregates])]
        world.failures = [.commit: [PortFailure(.assignmentLost, "illegal generation")]]
        let enricher = enricher()
        // In the same step, which may be the worker's last.
        _ = try enricher.step()
        #expect(world.compacted("god") == ["7": tombstone])
        #expect(try signalled() == [Signal(user: UserID("7"), position: position(900), cause: .late)])
        for _ in 0..<2 { _ = try enricher.step() }
        #expect(try signalled().count == 1)
    }

    @Test("a God object whose partition stayed has nobody looked at again, although another one was lost")
    func notOvertaken() throws {
        world.polls = [
            Poll(records: [
                aggregate("7", offset: 5, signal: 10), record("aggregate", partition: 1, offset: 0, key: "8", value: nil),
            ])
        ]
        world.waitsPerFlush = 1
        world.keepAlives = [Poll(revoked: [partition("aggregate", 1)])]
        let enricher = enricher()
        for _ in 0..<2 { _ = try enricher.step() }
        #expect(try signalled().map(\.user.text) == ["8"])
    }

    @Test("a late write that was noticed is signalled although its batch is lost")
    func lostBatch() throws {
        world.polls = [
            Poll(records: [aggregate("7", offset: 5, signal: 10)]), Poll(records: [aggregate("8", offset: 6, signal: 9)]),
        ]
        let enricher = enricher()
        _ = try enricher.step()
        world.waitsPerFlush = 1
        world.keepAlives = [Poll(revoked: [aggregates])]
        _ = try enricher.step()
        #expect(try signalled().map(\.user.text) == ["8"])
        #expect(world.compacted("god") == ["7": tombstone], "the aggregate itself is another member's by now")
    }

    @Test("a crash before the signal went out leaves the record to be read and noticed again")
    func crashBeforeSignal() throws {
        world.polls = [Poll(records: [aggregate("7", offset: 5, signal: 10), aggregate("8", offset: 6, signal: 9)])]
        world.failures = [.flush: [Crash()]]
        #expect(throws: Crash.self) { try enricher().step() }
        #expect(world.committed.isEmpty)
    }

    @Test("a signals topic that was created anew makes nothing late, and is said once")
    func recreatedSignals() throws {
        world.ends = [partition("signals"): 3]
        world.polls = [
            Poll(records: [aggregate("7", offset: 5, signal: 10)]),
            Poll(records: [aggregate("8", offset: 6, signal: 0), aggregate("9", offset: 7, signal: 1)]),
            Poll(records: [aggregate("8", offset: 8, signal: 2)]),
        ]
        let enricher = enricher()
        for _ in 0..<3 { _ = try enricher.step() }
        #expect(try signalled().isEmpty)
        #expect(warnings.texts.count == 1)
        world.polls = [Poll(records: [aggregate("9", offset: 9, signal: 1)])]
        _ = try enricher.step()
        #expect(try signalled().map(\.user.text) == ["9"], "the new offsets are a measure as well")
    }

    @Test("an aggregate topic that was created anew is judged from its beginning")
    func recreatedAggregates() throws {
        world.polls = [
            Poll(records: [aggregate("7", offset: 500, signal: 10)]),
            Poll(
                records: [aggregate("7", offset: 0, signal: 11), aggregate("8", offset: 1, signal: 10)], assigned: [aggregates],
                revoked: [aggregates]),
        ]
        world.histories = [aggregates: PartitionHistory(committed: nil, low: 0, high: 2)]
        let enricher = enricher()
        for _ in 0..<2 { _ = try enricher.step() }
        #expect(try signalled().map(\.user.text) == ["8"])
    }
}
