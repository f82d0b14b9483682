import Domain
import Foundation
import Synchronization
import Testing

@testable import Pipeline

@Suite("Which hop goes first")
struct HopPriorityTests {
    @Test("each hop's thread steps back further than that of the hop after it, and so do the threads that it starts")
    func laterHopsFirst() throws {
        let before = niceness()
        var steps: [Int32] = []
        for hop in [Hop.intake, .aggregator, .enricher] {
            let seen = Mutex<(own: Int32, started: Int32)>((0, 0))
            try Worker(name: "hop") {
                hop.takePlace()
                let started = Mutex<Int32>(0)
                let inner = Worker(name: "started by it") {
                    started.withLock { $0 = niceness() }
                } onEnd: { _ in
                }
                try inner.join()
                seen.withLock { $0 = (niceness(), started.withLock { $0 }) }
            } onEnd: { _ in
            }.join()
            let (own, started) = seen.withLock { $0 }
            #expect(started == own)
            steps.append(own - before)
        }
        #expect(steps == steps.sorted(by: >) && Set(steps).count == 3)
        #expect(steps.last == 0, "the last hop keeps the place of the process")
        #expect(niceness() == before, "who starts them keeps its own")
    }
}

/// That of the calling thread.
private func niceness() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
