import Domain
import Report
import Synchronization
import Testing

@testable import Reconcile

@Suite("On a live system")
struct LiveSystemTests {
    @Test("a change that is on its way is no finding")
    func inFlight() throws {
        let world = World()
        world.onScanned.withLock { hook in
            hook = { world in
                for number in 1...10 { world.change(UserID("\(number)"), to: "later") }
                world.change(UserID("11"), to: nil)
                world.change(UserID("77"), to: "born during the run")
            }
        }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("a user that changes at every look is unresolved, which is neither clean nor a difference")
    func hotUser() throws {
        let world = World()
        let count = Counter()
        // The pipeline is always one change behind this user, and always differently.
        world.onRowsRead.withLock { hook in
            hook = { world in world.change(UserID("1"), to: "read \(count.next())", emitsEvent: false) }
        }
        var settings = World.settings
        settings.settleRounds = 3
        world.change(UserID("1"), to: "hot", emitsEvent: false)
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete)
        #expect(report.exitCode == 3)
        #expect(report.counts[.aggregate]?.unresolved == 1)
    }

    @Test("a user whom the pipeline follows, but who is never seen equal, is proven by its version, and counted apart")
    func versionOnly() throws {
        let world = World()
        let count = Counter()
        let hot: @Sendable (World) -> Void = { $0.change(UserID("1"), to: "state \(count.next())") }
        world.onRowsRead.withLock { $0 = hot }
        world.onScanned.withLock { $0 = hot }
        // The pipeline is asked for a moment each time, so that everyone moves before the topics are read.
        world.stick("connector")
        world.state.withLock { $0.connectorOffset = nil }
        world.onSleep.withLock { hook in
            hook = { world in
                hot(world)
                world.state.withLock { _ = $0.stuck.remove("connector") }
                world.pump()
                world.stick("connector")
            }
        }
        var settings = World.settings
        settings.settleRounds = 4
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.exitCode == 0)
        #expect(report.counts[.aggregate]?.versionOnly == 1)
        #expect(report.counts[.aggregate]?.matched == 20)
        #expect(report.counts[.aggregate]?.unresolved == 0)
    }

    @Test("a user that flips from A to B and back is never a finding")
    func flippingUser() throws {
        let world = World()
        let count = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in world.change(UserID("2"), to: count.next() % 2 == 0 ? "A" : "B") }
        }
        world.onScanned.withLock { hook in hook = { $0.change(UserID("2"), to: "B") } }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("a user that is deleted and inserted again is never a finding")
    func reinsertedUser() throws {
        let world = World()
        let count = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in world.change(UserID("2"), to: count.next() % 2 == 0 ? nil : "again") }
        }
        world.onScanned.withLock { hook in hook = { $0.change(UserID("2"), to: nil) } }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("a canary whose user is deleted meanwhile proves nothing, and is no reason to distrust the run", arguments: 1...20)
    func deletedCanary(deletedUpTo last: Int) throws {
        let world = World()
        world.onRowsRead.withLock { hook in
            hook = { world in for number in 1...last { world.change(UserID("\(number)"), to: nil) } }
        }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.canary.planted == report.canary.caught)
    }

    @Test("users who come to harm while they serve as canaries are found, and do not void the run")
    func harmedCanaries() throws {
        let world = World()
        let count = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in
                guard count.next() == 1 else { return }
                world.state.withLock { state in
                    for number in 1...20 {
                        state.append(World.Topic.aggregate, .init(key: UserID("\(number)").keyBytes, value: nil))
                    }
                }
                world.change(UserID("1"), to: "unlogged", emitsEvent: false)
                world.pump()
            }
        }
        world.change(UserID("2"), to: "unlogged", emitsEvent: false)
        let (report, findings) = try world.verify()
        #expect(findings == ["2 aggregate missing -"])
        #expect(report.verdict == .differences)
    }

    @Test("behind a weak fence, what the connector delivers late is no finding")
    func lateConnectorBehindWeakFence() throws {
        let world = World()
        var settings = World.settings
        settings.hasConnector = false
        world.onScanned.withLock { hook in
            hook = { world in world.change(UserID("3"), to: "changed", emitsEvent: false) }
        }
        world.onSleep.withLock { hook in
            hook = { world in
                // Debezium gets round to the event only now.
                world.change(UserID("3"), to: "changed")
                world.pump()
            }
        }
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test(
        "behind a weak fence, many suspects wait together for what the connector has yet to deliver, not one batch after the other"
    )
    func weakFenceWaits() throws {
        let world = World(users: 60)
        var settings = World.settings
        settings.hasConnector = false
        settings.settleBatchUsers = 5
        settings.settleBatchRows = 5
        for number in 1...60 { world.change(UserID("\(number)"), to: "unlogged", emitsEvent: false) }
        let asked = Mutex(0)
        world.onUsersRead.withLock { hook in hook = { count in asked.withLock { $0 = max($0, count) } } }
        let (report, findings) = try world.verify(settings)
        #expect(findings.count == 60)
        #expect(asked.withLock { $0 } <= 5, "the source is still asked for a few at a time")
        let waited = try #require(report.timings.first { $0.phase == "settle" }).milliseconds
        #expect(waited < 3 * Int64(settings.weakFenceWaitMs), "in the world's own time")
    }

    @Test("a canary whose user changes meanwhile is looked at again")
    func changingCanary() throws {
        let world = World()
        let count = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in
                guard count.next() <= 2 else { return }
                for number in 1...20 { world.change(UserID("\(number)"), to: "changed \(count.next())") }
            }
        }
        let (report, _) = try world.verify()
        #expect(report.verdict == .clean)
        #expect(report.canary == Canary(planted: 18, caught: 18))
    }

    @Test("a real difference is found beside changes that are on their way")
    func differenceAmongChanges() throws {
        let world = World()
        world.change(UserID("3"), to: "unlogged", emitsEvent: false)
        world.onScanned.withLock { hook in hook = { $0.change(UserID("4"), to: "logged") } }
        let (_, findings) = try world.verify()
        #expect(findings == ["3 aggregate stale no_change_event_seen"])
    }
}

/// Counts calls from a hook.
final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }
}
