import Domain
import Synchronization
import Testing

@testable import Reconcile

@Suite("A run that gives way")
struct PacedPortsTests {
    @Test("rests three times as long as it has worked, and not for every trifle")
    func rests() {
        var worked: UInt64 = 1_000_000_000
        var rested: [Int] = []
        let pacer = Pacer(workedNs: { worked }, rest: { rested.append($0) })
        func work(ns: UInt64) {
            worked += ns
            for _ in 1...Pacer.stepsPerLook { pacer.step() }
        }
        work(ns: 1_900_000)
        #expect(rested == [])
        work(ns: 2_100_000)
        #expect(rested == [12], "for the four milliseconds since the last rest")
        work(ns: 1_000_000)
        #expect(rested == [12])
        work(ns: 9_000_000)
        #expect(rested == [12, 30])
    }

    @Test("and rests no longer when another thread goes on, whose clock is an hour before or behind")
    func otherThread() {
        var worked: UInt64 = 3_600_000_000_000
        var rested: [Int] = []
        let pacer = Pacer(workedNs: { worked }, rest: { rested.append($0) })
        func work(ns: UInt64) {
            worked += ns
            for _ in 1...Pacer.stepsPerLook { pacer.step() }
        }
        worked = 0
        work(ns: 5_000_000)
        work(ns: 4_000_000)
        #expect(rested == [12])
        worked = 3_600_000_000_000
        work(ns: 4_000_000)
        work(ns: 4_000_000)
        #expect(rested == [12, 150, 12])
    }

    @Test("while it reads everyone's row, topics and ledgers, and comes to the same verdict")
    func sameVerdict() throws {
        // So many that the threads have worked for a while.
        let world = World(users: 1_000)
        world.change(UserID("3"), to: "unlogged", emitsEvent: false)
        let rests = Mutex(0)
        let report = try Verification(
            World.settings, ports: PacedPorts(RestCounting(ports: WorldPorts(world: world)) { rests.withLock { $0 += 1 } })
        ).runUnrecorded { _ in }
        #expect(report.verdict == .differences)
        #expect(report.counts[.aggregate]?.stale == 1)
        #expect(report.counts[.aggregate]?.matched == 999)
        #expect(rests.withLock { $0 } > 0)
    }
}

/// Tells of each wait.
private struct RestCounting: ReconcilePorts {
    let ports: WorldPorts
    let onRest: @Sendable () -> Void

    struct Clock: ReconcileClock {
        let clock: any ReconcileClock
        let onRest: @Sendable () -> Void

        func nowMs() -> Int64 { clock.nowMs() }
        func sleep(ms: Int) {
            onRest()
            clock.sleep(ms: ms)
        }
    }

    var clock: any ReconcileClock { Clock(clock: ports.clock, onRest: onRest) }
    func source() throws -> any SourcePort { try ports.source() }
    func topic(_ name: String) throws -> any TopicPort { try ports.topic(name) }
    func progress() throws -> any ProgressPort { try ports.progress() }
    func ledger() throws -> any LedgerPort { try ports.ledger() }
    func parked() throws -> any ParkedPort { try ports.parked() }
    func replays() throws -> any ReplayPort { try ports.replays() }
    func concurrently(_ tasks: [@Sendable () throws -> Void]) throws { try ports.concurrently(tasks) }
}
