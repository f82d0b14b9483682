import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

@Suite("What makes the nightly run look at everyone")
struct FallbackTests {
    let directory = ReportsDirectory()

    /// Why the second run looked at everyone, when this happened between the two; nil when it did not.
    private func because(
        _ settings: VerifySettings = World.settings, _ reach: PlanSettings = ReconcileModeTests.reach,
        between: (World) -> Void = { _ in }
    ) throws -> String? {
        let world = World()
        _ = try world.verify(World.settings, reach: ReconcileModeTests.reach, in: directory)
        between(world)
        let (report, _) = try world.verify(settings, reach: reach, in: directory)
        // Whoever looked at everyone may say so.
        if report.verdict == .clean { #expect((report.coverage.plan == .full) == (report.verifiedThrough != nil)) }
        #expect((report.coverage.plan == .full) == (report.coverage.because != nil))
        return report.coverage.because
    }

    @Test("nothing does, when nothing happened")
    func none() throws {
        #expect(try because() == nil)
    }

    @Test("another query or encoding does")
    func encoding() throws {
        var settings = World.settings
        settings.encodingID = "e2"
        #expect(try because(settings)?.contains("query, encoding") == true)
    }

    @Test("other stages do, and a run of fewer stages is no basis for one of all")
    func stages() throws {
        let world = World()
        var settings = World.settings
        settings.stages = [.aggregate]
        _ = try world.verify(settings, reach: ReconcileModeTests.reach, in: directory)
        let (report, _) = try world.verify(reach: ReconcileModeTests.reach, in: directory)
        #expect(report.coverage.because?.contains("stages") == true)
        // Each goes on from its own kind.
        #expect(try world.verify(settings, reach: ReconcileModeTests.reach, in: directory).report.coverage.because == nil)
    }

    @Test("its turn does")
    func turn() throws {
        var reach = ReconcileModeTests.reach
        reach.fullEvery = 2
        let world = World()
        var plans: [Coverage.Plan] = []
        for _ in 1...6 { plans.append(try world.verify(reach: reach, in: directory).report.coverage.plan) }
        #expect(plans == [.full, .slice, .full, .slice, .full, .slice])
    }

    @Test("a change topic that lost records which the last run had not read does")
    func truncatedChanges() throws {
        let reason = try because { world in
            world.change(UserID("3"), to: "newer")
            world.pump()
            world.state.withLock { state in
                for partition in 0..<Int32(World.partitionCount) {
                    let end = state.end(TopicPartition(World.Topic.changes, partition))
                    state.topics[World.Topic.changes]?[Int(partition)] = []
                    state.firstOffsets[TopicPartition(World.Topic.changes, partition)] = end
                }
            }
        }
        #expect(reason?.contains("`changes`") == true)
        #expect(reason?.contains("cut off") == true)
    }

    @Test("change events that the last run had read may go")
    func expiredChanges() throws {
        let reason = try because { world in
            world.state.withLock { state in
                for partition in 0..<Int32(World.partitionCount) {
                    let end = state.end(TopicPartition(World.Topic.changes, partition))
                    state.topics[World.Topic.changes]?[Int(partition)] = []
                    state.firstOffsets[TopicPartition(World.Topic.changes, partition)] = end
                }
            }
        }
        #expect(reason == nil)
    }

    @Test("a signals topic that was recreated does")
    func recreatedSignals() throws {
        let reason = try because { world in
            world.state.withLock { state in
                state.topics[World.Topic.signals] = Array(repeating: [], count: World.partitionCount)
                state.committed["aggregator"] = [:]
            }
        }
        #expect(reason?.contains("recreated") == true)
    }

    @Test("a partition more does")
    func partitions() throws {
        let reason = try because { world in
            world.state.withLock { $0.topics[World.Topic.changes]?.append([]) }
        }
        #expect(reason == "topic `changes` had 4 partitions, and has 5")
    }

    @Test("another ledger does")
    func ledger() throws {
        let reason = try because { world in world.state.withLock { $0.ledgerID = "rebuilt" } }
        #expect(reason?.contains("ledgers are others") == true)
    }

    @Test("a ledger that ends earlier than it did does")
    func olderLedger() throws {
        let reason = try because { world in world.state.withLock { _ = $0.productions.removeLast() } }
        #expect(reason?.contains("ends before") == true)
    }

    @Test("a change event that concerns users without naming them does")
    func truncate() throws {
        let reason = try because { world in
            world.state.withLock { state in
                let event = Array(#"{"op":"t","before":null,"after":null,"source":{"table":"users"}}"#.utf8)
                _ = state.append(World.Topic.changes, .init(key: nil, value: event), partition: 0)
            }
        }
        #expect(reason?.contains("names nobody") == true)
    }

    @Test("more users than it pays to ask for one by one do")
    func tooMany() throws {
        let world = World(users: 360)
        var settings = World.settings
        settings.chunkRows = 100
        _ = try world.verify(settings, reach: ReconcileModeTests.reach, in: directory)
        for number in 1...130 { world.change(UserID("\(number)"), to: "newer") }
        let (report, _) = try world.verify(settings, reach: ReconcileModeTests.reach, in: directory)
        #expect(report.coverage.because?.contains("more than 120 users are due") == true)
        #expect(report.verdict == .clean)
    }
}
