import Domain
import Foundation
import Kafka
import Pipeline
import Sandbox

/// One hop run alone, as a process of its own would: over all that the hop before it wrote in a run of the whole pipeline, into a topic and
/// files of its own.
enum HopRun {
    /// Returns the seconds from the first record read to the last one dealt with.
    static func measure(_ hop: Hop, _ world: StreamWorld, like run: StreamRun) throws -> Double {
        let settings = try world.settings(for: hop, like: run.settings)
        let records = input(of: hop, run)
        let runner = StreamRunner(settings: settings, mapping: try world.mapping(), only: [hop])
        try runner.start()
        defer { runner.requestStop() }
        let counters = runner.counters[hop]
        while counters.snapshot().recordsIn == 0, runner.isRunning { usleep(1_000) }
        let start = ContinuousClock.now
        while !isThrough(counters.snapshot(), records), runner.isRunning { usleep(10_000) }
        let end = ContinuousClock.now
        let counts = counters.snapshot()
        runner.requestStop()
        try runner.wait()
        guard isThrough(counts, records) else { throw BenchError("the \(hop) alone ended before it was through: \(counts)") }
        return (end - start) / .seconds(1)
    }

    /// How many records the hop finds on its topics.
    private static func input(of hop: Hop, _ run: StreamRun) -> Int {
        switch hop {
        case .intake: run.events
        case .aggregator: run.counts[.intake]?.recordsOut ?? 0
        case .enricher: run.counts[.aggregator]?.recordsOut ?? 0
        }
    }

    private static func isThrough(_ counts: HopCounts, _ records: Int) -> Bool {
        counts.recordsIn >= records && counts.recordsOut + counts.deduplicated + counts.parked >= records
    }
}
