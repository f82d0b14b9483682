import Testing

@testable import Simulator

@Suite("A schedule")
struct ScheduleTests {
    @Test("is the same whenever its seed is the same", arguments: [1, 2, 3, 4, 5])
    func replays(seed: UInt64) {
        let first = Simulation(seed: seed, isTraced: true).run()
        let second = Simulation(seed: seed, isTraced: true).run()
        #expect(first.fingerprint == second.fingerprint)
        #expect(first.trace == second.trace)
        #expect(first.trace.count > 100)
    }

    @Test("is another one for another seed")
    func differs() {
        let fingerprints = (1...20).map { Simulation(seed: $0).run().fingerprint }
        #expect(Set(fingerprints).count == 20)
    }

    @Test("lets writers, workers and a run take turns")
    func interleaves() {
        let trace = Simulation(seed: 7, isTraced: true).run().trace
        let names = trace.dropFirst(2).compactMap { line in
            line.split(separator: " ms  ").last?.split(separator: ":").first.map(String.init)
        }
        let switches = zip(names, names.dropFirst()).count { $0 != $1 }
        #expect(switches > 50)
        for actor in ["writer", "connector", "intake", "aggregator", "enricher", "verifier"] {
            #expect(names.contains { $0.hasPrefix(actor) }, "\(actor) took part")
        }
    }
}
