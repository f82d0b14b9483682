import Domain
import Kafka
import Testing

@testable import Pipeline

@Suite("Steps wait where they must, stop where they may not go on, and lose nothing over a crash")
struct OutageAndRevokeTests {
    let world = ScriptedWorld()
    let warnings = Warnings()

    func aggregator() -> Aggregator {
        Aggregator(
            settings: AggregatorSettings(
                signalsTopic: "signals", aggregateTopic: "aggregate", userIDKind: .integer, encodingID: "e1"), reader: world,
            ports: world.ports(logger: warnings.logger))
    }

    func enricher() -> Enricher {
        Enricher(
            settings: EnricherSettings(signalsTopic: "signals", godTopic: "god", userIDKind: .integer), mappings: world,
            ledger: world, ports: world.ports(logger: warnings.logger))
    }

    @Test(
        "another party that is away is waited for, said once and once when it is back",
        arguments: [ScriptedWorld.Call.read, .flush, .send, .commit, .park])
    func outages(call: ScriptedWorld.Call) throws {
        world.rowFailures = [UserID("9"): RowFailure(.badRow, "bad")]
        world.polls = [Poll(records: [signal("7", offset: 0), signal("9", offset: 1)])]
        world.failures = [call: Array(repeating: unavailable, count: 8)]
        if call == .flush {
            world.failures = [:]
            world.outcomes = Array(repeating: .failed(unavailable), count: 8)
        }
        let progress = try aggregator().step()
        #expect(progress == Progress(consumed: 2, produced: 1, parked: 1))
        #expect(world.committed == [partition("signals"): 2])
        #expect(warnings.texts.count == 2)
        #expect(warnings.texts.first?.contains("connection refused") == true)
        // 100, 200, 400 … ms, and never more than 5 s at once, in slices short enough for the group.
        #expect(world.slept.reduce(0, +) >= 15_000)
        #expect(world.slept.allSatisfy { $0 <= 250 })
    }

    @Test("a broker that is away while nothing is to do is said once, and once when it is back")
    func brokerAwayWhileIdle() throws {
        world.polls = [
            Poll(notices: ["all brokers are down"]), Poll(notices: ["all brokers are down"]), Poll(),
            Poll(ends: [partition("signals"): 0]),
        ]
        let aggregator = aggregator()
        for _ in 0..<4 { _ = try aggregator.step() }
        #expect(warnings.texts.count == 2)
    }

    @Test("a revoke while MySQL is away ends the batch: nothing is produced, parked or committed")
    func revokeWhileWaitingForMySQL() throws {
        world.polls = [Poll(records: [signal("7", offset: 0), record("signals", offset: 1, key: "x", value: "junk")])]
        world.failures = [.read: Array(repeating: unavailable, count: 5)]
        world.keepAlives = [Poll(), Poll(revoked: [partition("signals")])]
        _ = try aggregator().step()
        #expect(world.effects.isEmpty)
    }

    @Test("a revoke during a flush takes back what is under way, and what was acknowledged is not recorded")
    func revokeWhileFlushing() throws {
        world.polls = [Poll(records: [record("aggregate", offset: 0, key: "7", value: nil)])]
        world.waitsPerFlush = 1
        world.keepAlives = [Poll(revoked: [partition("aggregate")])]
        _ = try enricher().step()
        #expect(world.effects.contains(.purged))
        #expect(world.productions.isEmpty)
        #expect(world.committed.isEmpty)
        #expect(world.parkings.isEmpty)
    }

    @Test("a partition that stays is finished, although another one of the batch was revoked")
    func revokeOfOnePartition() throws {
        world.polls = [Poll(records: [signal("7", partition: 0, offset: 0), signal("8", partition: 1, offset: 0)])]
        world.waitsPerFlush = 1
        world.keepAlives = [Poll(revoked: [partition("signals", 1)])]
        _ = try aggregator().step()
        #expect(world.compacted("aggregate") == ["7": tombstone])
        #expect(world.committed == [partition("signals", 0): 1])
    }

    @Test("a revoke while the ledger has no room: nothing is recorded or committed")
    func revokeWhileRecording() throws {
        world.polls = [Poll(records: [record("aggregate", offset: 0, key: "7", value: nil)])]
        world.failures = [.append: Array(repeating: unavailable, count: 5)]
        world.keepAlives = [Poll(revoked: [partition("aggregate")])]
        _ = try enricher().step()
        #expect(world.productions.isEmpty)
        #expect(world.committed.isEmpty)
    }

    @Test("the group is served while a commit is waited for, and a partition that goes meanwhile is not taken for committed")
    func revokeWhileCommitting() throws {
        world.waitsPerCommit = 1
        world.keepAlives = [Poll(revoked: [partition("signals")])]
        world.polls = [Poll(records: [signal("7", offset: 0)]), Poll(records: [signal("7", offset: 0)])]
        let aggregator = aggregator()
        _ = try aggregator.step()
        #expect(world.keepAlives.isEmpty)
        _ = try aggregator.step()
        #expect(world.effects.filter { $0 == .committed([partition("signals"): 1]) }.count == 2)
    }

    @Test("a stop that nobody waits for any longer ends a flush and a commit too", arguments: [true, false])
    func overdueStop(flushing: Bool) throws {
        world.waitsPerFlush = flushing ? 5 : 0
        world.waitsPerCommit = flushing ? 0 : 5
        world.impatience = (world.clockMs + 600, PipelineError(.drainTimedOut, "stopped"))
        world.polls = [Poll(records: [signal("7", offset: 0)])]
        #expect(throws: PipelineError(.drainTimedOut, "stopped")) { try aggregator().step() }
        #expect(world.committed.isEmpty)
    }

    @Test("a commit that comes too late is dropped; the records are read again")
    func commitAfterLoss() throws {
        world.polls = [
            Poll(records: [signal("7", offset: 0)]),
            Poll(records: [signal("7", offset: 0)]),
        ]
        world.failures = [.commit: [PortFailure(.assignmentLost, "illegal generation")]]
        let aggregator = aggregator()
        _ = try aggregator.step()
        #expect(world.committed.isEmpty)
        _ = try aggregator.step()
        #expect(world.committed == [partition("signals"): 1])
    }

    @Test("an error that waiting does not mend ends the step", arguments: [ScriptedWorld.Call.poll, .read, .send, .commit])
    func fatal(call: ScriptedWorld.Call) throws {
        world.polls = [Poll(records: [signal("7", offset: 0)])]
        world.failures = [call: [PortFailure(.fatal, "authentication failed")]]
        #expect(throws: PortFailure(.fatal, "authentication failed")) { try aggregator().step() }
        #expect(world.committed.isEmpty)
    }

    @Test("a crash at any port call, and a replay from the last commit, end in the same state", arguments: 1..<16)
    func crashAnywhere(callNumber: Int) throws {
        let records = [
            record("aggregate", offset: 0, key: "7", value: #"{"v":1}"#),
            record("aggregate", offset: 1, key: "8", value: nil),
            record("aggregate", offset: 2, key: "9", value: "junk"),
            record("aggregate", offset: 3, key: "7", value: #"{"v":2}"#),
        ]
        world.answers = [UserID("7"): .found(Array("1".utf8))]

        // The first life, which ends in the middle of the call with that number, if there are so many.
        world.polls = [Poll(records: Array(records[..<2])), Poll(records: Array(records[2...]))]
        let crashing = CrashingWorld(world, atCall: callNumber)
        try crashing.run { ports in
            let enricher = Enricher(
                settings: EnricherSettings(signalsTopic: "signals", godTopic: "god", userIDKind: .integer),
                mappings: crashing, ledger: crashing, ports: ports)
            for _ in 0..<3 { _ = try enricher.step() }
        }

        // The second life reads from the last commit.
        let from = world.committed[partition("aggregate")] ?? 0
        let rest = records.filter { $0.offset >= from }
        world.polls = rest.isEmpty ? [] : [Poll(records: rest)]
        let enricher = enricher()
        for _ in 0..<2 { _ = try enricher.step() }

        #expect(world.compacted("god") == ["7": #"{"aggregate":{"v":2},"mapping":1}"#, "8": tombstone])
        #expect(Set(world.parkings.map(\.record.offset)) == [2])
        #expect(world.committed == [partition("aggregate"): 4])
        for user in ["7", "8"] {
            let last = world.topics["god"]?.lastIndex { $0.key.text == user }
            let newest = world.productions.filter { $0.user.text == user }.map(\.god.offset).max()
            #expect(newest == last.map(Int64.init), "the ledger's newest production is what the topic holds")
        }
    }
}
