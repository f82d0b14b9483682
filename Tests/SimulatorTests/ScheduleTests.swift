import Testing

@testable import Simulator

@Suite("A schedule")
struct ScheduleTests {
    @Test("is the same whenever its seed is the same", arguments: [1, 2, 3])
    func replays(seed: UInt64) {
        let first = Simulation(seed: seed, isTraced: true).run()
        let second = Simulation(seed: seed, isTraced: true).run()
        #expect(first.fingerprint == second.fingerprint)
        #expect(first.trace == second.trace)
    }
}
