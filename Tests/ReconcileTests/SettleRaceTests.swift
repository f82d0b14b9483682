import Domain
import Kafka
import Testing

@testable import Reconcile

/// The formal model of fence and settle (`Tests/Model`) found these; each is a schedule in which too weak a rule accuses a
/// healthy pipeline.
@Suite("A suspect is confirmed only by the very same records")
struct SettleRaceTests {
    @Test("a user who is away at each look at the topic, and there at each look at the row, is no finding")
    func tombstonesAreRecords() throws {
        let world = World()
        let user = UserID("5")
        world.change(user, to: "back again")
        world.onRowsRead.withLock { hook in hook = { $0.change(user, to: "back again") } }
        world.onSleep.withLock { hook in
            hook = { world in
                // The user leaves as soon as the row was read, and the pipeline is fast enough to say so.
                world.change(user, to: nil)
                world.pump()
            }
        }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(report.counts[.aggregate]?.versionOnly == 1)
    }

    @Test("an aggregate that was written late, behind the enricher's fence, is no finding while its mending is on its way")
    func lateWriteBehindTheFence() throws {
        let world = World()
        let user = UserID("5")
        let old = try #require(world.state.withLock { $0.rows[user] })
        let rowReads = Counter()
        world.onRowsRead.withLock { hook in
            hook = { world in if rowReads.next() == 1 { world.change(user, to: "newer") } }
        }
        world.onScanned.withLock { hook in hook = { $0.change(user, to: "new") } }
        let looks = Counter()
        world.onEnricherAsked.withLock { hook in
            hook = { world in
                switch looks.next() {
                // The comparison's fence is the first; the settling's first fence has taken the ends by now.
                case 2:
                    let provenance = AggregateProvenance(
                        version: nil, signal: RecordAddress(partition: 0, offset: 0), encoding: "e1")
                    _ = world.state.withLock { state in
                        state.append(
                            World.Topic.aggregate,
                            World.StoredRecord(
                                key: user.keyBytes, value: old,
                                headers: Dictionary(
                                    uniqueKeysWithValues: provenance.headers.map { ($0.name, Array($0.text.utf8)) })))
                    }
                // Behind the second fence's end of the signals topic, the enricher notices, and asks for another look.
                case 3:
                    world.pump()
                    _ = world.state.withLock { state in
                        state.append(World.Topic.signals, World.StoredRecord(key: user.keyBytes, value: Array("late".utf8)))
                    }
                default: break
                }
            }
        }
        let (report, findings) = try world.verify()
        #expect(looks.next() > 3)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("where only the aggregate stage is judged, a late write is no finding either while the enricher has yet to notice it")
    func lateWriteBeforeTheEnricher() throws {
        let world = World()
        let user = UserID("5")
        let old = try #require(world.state.withLock { $0.rows[user] })
        world.change(user, to: "new")
        world.pump()
        world.stick("enricher")
        _ = world.state.withLock { $0.append(World.Topic.aggregate, World.StoredRecord(key: user.keyBytes, value: old)) }
        let looks = Counter()
        world.onEnricherAsked.withLock { hook in
            hook = { world in
                guard looks.next() == 1 else { return }
                _ = world.state.withLock { $0.stuck.remove("enricher") }
                world.pump()
                _ = world.state.withLock { state in
                    state.append(World.Topic.signals, World.StoredRecord(key: user.keyBytes, value: Array("late".utf8)))
                }
            }
        }
        var settings = World.settings
        settings.stages = [.aggregate]
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("where only the aggregate stage is judged and nothing is wrong, nobody waits for an enricher")
    func idleEnricher() throws {
        let world = World()
        world.stick("enricher")
        world.change(UserID("5"), to: "new")
        var settings = World.settings
        settings.stages = [.aggregate]
        let (report, findings) = try world.verify(settings)
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        #expect(!report.fence.hops.contains { $0.hop == "enricher" })
    }

    /// Found by the simulator: the run had read the aggregate, and never saw the tombstone that the cleaner took together with it.
    @Test("a God object that is missing is no finding when the aggregate that it should be made of cannot be read again")
    func cleanedTombstone() throws {
        let world = World()
        let user = UserID("5")
        let asked = Counter()
        world.onEnricherAsked.withLock { hook in
            hook = { world in
                guard asked.next() == 1 else { return }
                world.change(user, to: nil)
                world.pump()
                world.state.withLock { state in
                    for number in 0..<Int32(World.partitionCount) {
                        let partition = TopicPartition(World.Topic.aggregate, number)
                        for offset in 0..<state.end(partition) where state.record(partition, offset)?.key == user.keyBytes {
                            state.cleaned[partition, default: []].insert(offset)
                        }
                    }
                }
            }
        }
        let (report, findings) = try world.verify()
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete)
        #expect(report.counts[.god]?.unresolved == 1)
    }
}
