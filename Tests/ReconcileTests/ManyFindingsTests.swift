import Domain
import Report
import Synchronization
import Testing

@testable import Kafka
@testable import Reconcile

@Suite("Very many differences")
struct ManyFindingsTests {
    @Test("cost two reads of each row, and two of each aggregate: one to compare it, and one to support the finding")
    func reads() throws {
        let world = World(users: 60)
        for number in 1...60 { world.change(UserID("\(number)"), to: "unlogged", emitsEvent: false) }
        let rows = Mutex(0)
        world.onUsersRead.withLock { hook in hook = { count in rows.withLock { $0 += count } } }
        var settings = World.settings
        settings.settleBatchUsers = 20
        settings.stages = [.aggregate]
        let (report, findings) = try world.verify(settings)
        #expect(findings.count == 60)
        let canaries = report.canary.planted
        #expect(canaries > 0)
        // A canary's row is that of its original, which is asked for in its place where it is not in the same batch.
        #expect(rows.withLock { $0 } <= 2 * (60 + canaries))
        #expect(world.fetches.withLock { $0[World.Topic.aggregate] ?? 0 } <= 2 * (60 + canaries))
    }

    @Test("an aggregate that came since it was compared is compared anew")
    func newRecords() throws {
        let world = World(users: 10)
        let user = UserID("5")
        world.change(user, to: "new", emitsEvent: false)
        let asked = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in
                guard asked.next() == 2 else { return }
                // Another producer's way to say the same.
                _ = world.state.withLock { state in
                    state.append(
                        World.Topic.aggregate,
                        World.StoredRecord(key: user.keyBytes, value: Array(#"{ "v" : "new", "user_id" : "5" }"#.utf8)))
                }
                world.pump()
            }
        }
        var settings = World.settings
        settings.stages = [.aggregate]
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("a row that changed since its aggregate was compared is compared anew")
    func newRows() throws {
        let world = World(users: 10)
        let user = UserID("5")
        _ = world.state.withLock { state in
            state.append(
                World.Topic.aggregate,
                World.StoredRecord(key: user.keyBytes, value: Array(#"{ "v" : "new", "user_id" : "5" }"#.utf8)))
        }
        world.pump()
        let asked = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in if asked.next() == 2 { world.change(user, to: "new", emitsEvent: false) } }
        }
        var settings = World.settings
        settings.stages = [.aggregate]
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("a record that comes while a batch is still being filled up is seen for everyone who is in it already")
    func recordsWhileFillingUp() throws {
        let world = World(users: 60)
        for number in 1...60 { world.change(UserID("\(number)"), to: "unlogged", emitsEvent: false) }
        let asked = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in
                switch asked.next() {
                case 1:
                    // Nearly all agree by now, so that a batch takes several handfuls of them.
                    for number in 1...60 where !number.isMultiple(of: 6) {
                        world.change(UserID("\(number)"), to: "value \(number)", emitsEvent: false)
                    }
                case 2:
                    // The others' events come late, and their rows stay as they are.
                    for number in stride(from: 6, through: 60, by: 6) { world.change(UserID("\(number)"), to: "unlogged") }
                    world.pump()
                default: break
                }
            }
        }
        var settings = World.settings
        settings.settleBatchUsers = 20
        settings.stages = [.aggregate]
        let (report, findings) = try world.verify(settings)
        #expect(asked.next() > 5)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("when a fence is not passed, those whose turn did not come are cleared all the same if they agree by now")
    func gaveUp() throws {
        let world = World(users: 60)
        for number in 1...60 { world.change(UserID("\(number)"), to: "unlogged", emitsEvent: false) }
        let asked = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in
                // The second batch is about to be looked at for the second time.
                guard asked.next() == 4 else { return }
                for number in 1...60 { world.change(UserID("\(number)"), to: "mended") }
                world.pump()
                world.stick("connector")
                world.state.withLock { $0.logEnd += 1_000 }
            }
        }
        var settings = World.settings
        settings.settleBatchUsers = 20
        settings.stages = [.aggregate]
        let (report, findings) = try world.verify(settings)
        let unresolved = report.counts[.aggregate]?.unresolved ?? 0
        #expect(findings.count > 0 && unresolved > 0)
        #expect(findings.count + unresolved <= 40)
        #expect(!report.fence.passed)
    }

    @Test("when the brokers go away, what was found stays found, and everyone else is unresolved", arguments: [true, false])
    func brokersAway(answers: Bool) throws {
        let world = World(users: 60)
        for number in 1...60 { world.change(UserID("\(number)"), to: "unlogged", emitsEvent: false) }
        var error: any Error = ReconcileError.noProgress(topic: World.Topic.aggregate, seconds: 60)
        if !answers {
            var refused = KafkaError.closed("consumer")
            refused.isRetriable = true
            error = refused
        }
        let asked = Counter()
        world.onRowsRead.withLock { hook in
            hook = { [error] world in
                switch asked.next() {
                // The second batch is about to be looked at for the second time.
                case 4:
                    world.stick("connector")
                    world.state.withLock { $0.logEnd += 1_000 }
                // Those whose turn did not come are about to be looked at.
                case 5: world.onBounds.withLock { hook in hook = { throw error } }
                default: break
                }
            }
        }
        var settings = World.settings
        settings.settleBatchUsers = 20
        let (report, findings) = try world.verify(settings)
        #expect(asked.next() > 5)
        #expect(report.verdict != .error, "\(report.reason ?? "")")
        #expect(findings.count > 0)
        #expect(findings.count + (report.counts[.aggregate]?.unresolved ?? 0) == 60)
    }
}
