import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

/// What a replay made is on the God topic before a ledger lists it, and no consumer group's offset tells.
@Suite("While a replay is under way")
struct ReplayRaceTests {
    private let user = UserID("7")

    /// Enriches the user's aggregate once more.
    ///
    /// - Returns: What the ledger has yet to list.
    private func replay(_ world: World) throws -> Production {
        try world.state.withLock { state in
            let aggregate = try #require(state.productions.last { $0.user == user }).aggregate
            let record = try #require(state.record(TopicPartition(World.Topic.aggregate, aggregate.partition), aggregate.offset))
            state.produceGod(user, from: record, at: aggregate, mapping: Array("{}".utf8))
            return state.productions.removeLast()
        }
    }

    @Test("a God object that no ledger lists is no finding, and the run is not complete")
    func unresolved() throws {
        let world = World()
        _ = try replay(world)
        world.state.withLock { $0.replays = ["r1"] }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete)
        #expect(report.counts[.god]?.unresolved == 1)
    }

    @Test("a God object that is listed with another digest is a finding all the same")
    func altered() throws {
        let world = World()
        world.state.withLock { state in
            state.replays = ["r1"]
            for index in state.productions.indices where state.productions[index].user == user {
                state.productions[index].godDigest = Digest(of: Array("another".utf8))
            }
        }
        #expect(try world.verify().findings == ["7 god stale not_in_ledger"])
    }

    @Test("it is a finding where no replay can have made it")
    func confirmed() throws {
        let world = World()
        _ = try replay(world)
        let (report, findings) = try world.verify()
        #expect(findings == ["7 god stale not_in_ledger"])
        #expect(report.counts[.god]?.unresolved == 0)
    }

    @Test("all is well when the ledger lists it at last", arguments: [["r1"], []])
    func listed(replays: [String]) throws {
        let world = World()
        let production = try replay(world)
        world.state.withLock { $0.replays = replays }
        // The replay may have come to its end just before anybody asked for it.
        world.onReplaysAsked.withLock { hook in
            hook = { world in
                world.state.withLock { state in
                    if !state.productions.contains(production) { state.productions.append(production) }
                }
            }
        }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("nobody is asked for replays on account of other differences")
    func others() throws {
        let world = World()
        world.change(user, to: "edited", emitsEvent: false)
        let isAsked = Counter()
        world.onReplaysAsked.withLock { hook in hook = { _ in _ = isAsked.next() } }
        #expect(try world.verify().findings == ["7 aggregate stale no_change_event_seen"])
        #expect(isAsked.next() == 1)
    }
}
