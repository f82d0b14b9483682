import Domain
import Glibc
import Pipeline
import Report

/// Tells how a stream goes on, and notices when it is to end.
struct StreamStatus {
    private let stream: StreamRunner
    private let watch: StreamWatch
    private let hops: [Hop]
    private let line = ProgressLine()
    private let startedAtMs = ProgressLine.nowMs()

    init(_ stream: StreamRunner, watch: StreamWatch, hops: Set<Hop>) {
        self.stream = stream
        self.watch = watch
        self.hops = Hop.allCases.filter(hops.contains)
    }

    /// Returns when a stop was asked for, or a worker has ended.
    func follow() {
        var pace = StreamPace()
        while !StopSignals.isStopRequested, stream.isRunning {
            usleep(100_000)
            line.update {
                pace.add(watch.sample(), atMs: ProgressLine.nowMs())
                return pace.text
            }
        }
    }

    /// The sums at the end.
    func end(asJSON: Bool) {
        line.end()
        let counts = stream.counters.snapshot()
        if asJSON {
            try? Console.shared.output(json(counts))
        } else {
            Console.shared.note(text(counts, ms: ProgressLine.nowMs() - startedAtMs))
        }
    }

    /// `intake 1,200 → 800 (120/s)  aggregator 800 → 790 (80/s)  enricher …`
    private func text(_ counts: [Hop: HopCounts], ms: Int64) -> String {
        hops.map { hop in
            let now = counts[hop] ?? HopCounts()
            let rate = now.recordsIn * 1_000 / Int(max(1, ms))
            var part =
                "\(hop.rawValue) \(PlainText.grouped(now.recordsIn)) → \(PlainText.grouped(now.recordsOut)) (\(PlainText.grouped(rate))/s)"
            if now.parked > 0 { part += " \(PlainText.grouped(now.parked)) parked" }
            if now.retries > 0 { part += " \(PlainText.grouped(now.retries)) retries" }
            return part
        }.joined(separator: "  ")
    }

    private func json(_ counts: [Hop: HopCounts]) -> JSONValue {
        .object(
            hops.map { hop in
                let count = counts[hop] ?? HopCounts()
                return JSONValue.Member(
                    hop.rawValue,
                    [
                        "records_in": .number(count.recordsIn), "records_out": .number(count.recordsOut),
                        "tombstones": .number(count.tombstones), "deduplicated": .number(count.deduplicated),
                        "parked": .number(count.parked), "retries": .number(count.retries), "rereads": .number(count.rereads),
                        "late_writes": .number(count.lateWrites), "replayed": .number(count.replayed),
                        "batches_lost": .number(count.batchesLost),
                    ])
            })
    }
}

/// How fast a stream is, from what was seen over the last seconds.
struct StreamPace {
    private var samples: [(atMs: Int64, sample: StreamSample)] = []

    /// Long enough for steady figures, short enough to follow a change.
    private static let windowMs: Int64 = 15_000

    mutating func add(_ sample: StreamSample, atMs: Int64) {
        samples.append((atMs, sample))
        while samples.count > 2, let first = samples.first, atMs - first.atMs > Self.windowMs { samples.removeFirst() }
    }

    /// `1,200 events/s  800 God objects/s  lag 12,345  3 parked  ETA 15 s`
    var text: String {
        guard let last = samples.last?.sample else { return "" }
        var parts: [String] = []
        if last.counts[.intake] != nil { parts.append("\(rate { $0.counts[.intake]?.recordsIn }) events/s") }
        if last.counts[.aggregator] != nil, last.counts[.enricher] == nil {
            parts.append("\(rate { $0.counts[.aggregator]?.recordsOut }) aggregates/s")
        }
        if last.counts[.enricher] != nil { parts.append("\(rate { $0.counts[.enricher]?.recordsOut }) God objects/s") }
        parts.append("lag \(last.totalLag.map { PlainText.grouped(Int($0)) } ?? "unknown")")
        parts.append("\(PlainText.grouped(last.parked.values.reduce(0, +))) parked")
        if let eta { parts.append("ETA \(eta)") }
        if let stall = last.stalls.first { parts.append("STALLED: \(stall)") }
        return parts.joined(separator: "  ")
    }

    private func rate(_ count: (StreamSample) -> Int?) -> String {
        guard let first = samples.first, let last = samples.last, last.atMs > first.atMs else { return "0" }
        let more = (count(last.sample) ?? 0) - (count(first.sample) ?? 0)
        return PlainText.grouped(more * 1_000 / Int(last.atMs - first.atMs))
    }

    /// How long until nothing is left to do, as the lag has become less lately; nil where it has not.
    private var eta: String? {
        guard let first = samples.first(where: { $0.sample.totalLag != nil }), let last = samples.last,
            let before = first.sample.totalLag, let now = last.sample.totalLag, now > 0, before > now, last.atMs > first.atMs
        else { return nil }
        return PlainText.duration(milliseconds: now * (last.atMs - first.atMs) / (before - now))
    }
}
