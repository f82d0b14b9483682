import Domain
import Foundation
import Pipeline

/// How the process's memory develops while the pipeline runs at full speed.
struct StreamSoak {
    struct Sample {
        /// Since the first event.
        var second: Int
        /// What the process has of memory then.
        var residentBytes: Int
    }

    var samples: [Sample] = []
    let events: Int
    let godObjects: Int
    let seconds: Double

    /// Publishes events as fast as the pipeline takes them, for that long.
    static func measure(_ world: StreamWorld, minutes: Double) throws -> StreamSoak {
        let load = try world.preload("soak", events: Self.ahead)
        let runner = StreamRunner(settings: try world.settings(for: load), mapping: try world.mapping())
        try runner.start()
        defer { runner.requestStop() }
        var published = load.events
        var samples: [Sample] = []
        let start = ContinuousClock.now
        let (duration, every) = (Duration.seconds(minutes * 60), Duration.seconds(5))
        var nextSample = start
        while ContinuousClock.now - start < duration {
            guard runner.isRunning else { break }
            if ContinuousClock.now >= nextSample {
                let second = Int((ContinuousClock.now - start) / .seconds(1))
                samples.append(Sample(second: second, residentBytes: residentBytes()))
                BenchVerify.tell("\(second) s: \(samples.last.map { $0.residentBytes >> 20 } ?? 0) MiB, \(published) events")
                nextSample += every
            }
            // No further ahead than that: the sandbox's broker forgets the oldest records of a partition that is full.
            if isBehind(runner, by: published) { usleep(5_000) } else { published += try world.publish(Self.ahead / 2, to: load) }
        }
        let took = (ContinuousClock.now - start) / .seconds(1)
        let counts = runner.counters.snapshot()
        runner.requestStop()
        try runner.wait()
        return StreamSoak(
            samples: samples, events: counts[.intake]?.recordsIn ?? 0, godObjects: counts[.enricher]?.recordsOut ?? 0,
            seconds: took)
    }

    private static let ahead = 20_000

    /// Whether a hop still has more than half of what lies ahead to do.
    private static func isBehind(_ runner: StreamRunner, by published: Int) -> Bool {
        let counts = runner.counters.snapshot()
        guard let intake = counts[.intake], let aggregator = counts[.aggregator], let enricher = counts[.enricher] else {
            return true
        }
        return intake.recordsIn < published - ahead / 2 || aggregator.recordsIn < intake.recordsOut - ahead / 2
            || enricher.recordsIn < aggregator.recordsOut - ahead / 2
    }

    /// The highest of the samples of a part of the run: 0 is its beginning, 1 its end.
    private func highest(_ part: ClosedRange<Double>) -> Int {
        let last = Double(max(1, samples.last?.second ?? 1))
        return samples.filter { part.contains(Double($0.second) / last) }.map(\.residentBytes).max() ?? 0
    }

    /// Memory after the start, in the middle and at the end: the highest sample of each tenth of the time.
    private var marks: [(name: String, bytes: Int)] {
        [("after the start", highest(0.05...0.15)), ("in the middle", highest(0.45...0.55)), ("at the end", highest(0.9...1))]
    }

    var table: String {
        let speed = String(format: "%.0f events/s, %.0f God objects/s", Double(events) / seconds, Double(godObjects) / seconds)
        let memory = marks.map { $0.name + String(format: " %.1f MB", Double($0.bytes) / 1e6) }.joined(separator: ", ")
        return String(format: "stream, %.0f s at full speed: ", seconds) + "\(events) events, \(speed)\nmemory: \(memory)"
    }

    var json: JSONValue {
        .object([
            .init("bench", "stream_soak"), .init("seconds", .number(String(format: "%.1f", seconds))),
            .init("events", .number(events)),
            .init("god_objects", .number(godObjects)),
            .init(
                "resident_bytes",
                .array(samples.map { ["second": .number($0.second), "bytes": .number($0.residentBytes)] })),
        ])
    }

    private static func residentBytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1_024
    }
}
