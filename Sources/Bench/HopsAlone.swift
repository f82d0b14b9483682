import Domain
import Foundation
import Kafka
import Ledger
import Pipeline
import Source

/// What each hop takes alone; and beneath that what the hops ask of others, done alone by the same code that the pipeline does it with, in
/// batches of the same size: the same SQL, the same HTTP, the same producing, the same appends to the ledger, and nothing of what the hops do
/// themselves.
struct HopsAlone {
    /// Seconds that each hop takes over the run's own records when no other hop is at work.
    var hops: [(name: String, seconds: Double)] = []
    /// Seconds that the same amount of such work takes when nothing else is done, by what it is.
    var seconds: [(name: String, seconds: Double)] = []
    /// The same by hop: one call after the other, as one worker makes them.
    var calls: [(name: String, seconds: Double)] = []

    var slowestHop: Double { hops.map(\.seconds).max() ?? 0 }
    var slowestCalls: Double { calls.map(\.seconds).max() ?? 0 }

    /// Measures a sample of each kind of work, and scales it to the amount that this run has done.
    static func measure(_ world: StreamWorld, like run: StreamRun, batch: Int) throws -> HopsAlone {
        let rows = run.counts[.aggregator]?.recordsOut ?? 0
        let signals = run.counts[.intake]?.recordsOut ?? 0
        let batches = max(1, 12_000 / batch)
        var alone = HopsAlone()
        for hop in Hop.allCases { alone.hops.append(("the \(hop)", try HopRun.measure(hop, world, like: run))) }
        let users = (0..<batches).map { number in
            (0..<batch).map { UserID("\(1 + (number * batch + $0) * 7 % world.users)") }
        }
        /// Returns the seconds for one of them.
        func note(_ name: String, amount: Int, sample: Int, _ work: () throws -> Void) throws -> Double {
            let start = ContinuousClock.now
            try work()
            let each = (ContinuousClock.now - start) / .seconds(1) / Double(max(1, sample))
            alone.seconds.append((name, each * Double(amount)))
            return each
        }

        let reader = try SourceReader(world.source(.init()))
        defer { reader.close() }
        var values: [(UserID, [UInt8])] = []
        let query = try note("the SQL", amount: rows, sample: batches * batch) {
            for batch in users { values += try reader.rows(of: batch).rows.map { ($0.key, $0.value) } }
        }

        let service = try HTTPMappingService(settings: world.mapping(), clock: WallClock())
        let lookup = try note("the HTTP", amount: run.godObjects, sample: batches * batch) {
            for batch in users { _ = try service.mappings(of: batch) {} }
        }

        let settings = try world.settings(for: .init(topics: ["none"], events: 0, users: 0))
        let producer = try Producer(properties: settings.producerProperties())
        defer { producer.close() }
        let produce = try note("the producing, three times over", amount: signals + rows + run.godObjects, sample: values.count) {
            for start in stride(from: 0, to: values.count, by: batch) {
                for (user, value) in values[start..<min(start + batch, values.count)] {
                    _ = try producer.send(OutgoingRecord(topic: settings.topics.god, key: user.keyBytes, value: value))
                }
                for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
            }
        }

        let ledger = try LedgerWriter(path: settings.ledgerPath, godTopic: settings.topics.god)
        defer { ledger.close() }
        let append = try note("the ledger's appends", amount: run.godObjects, sample: values.count) {
            for start in stride(from: 0, to: values.count, by: batch) {
                try ledger.append(
                    values[start..<min(start + batch, values.count)].enumerated().map { index, entry in
                        Production(
                            user: entry.0, god: RecordAddress(partition: 0, offset: Int64(start + index)),
                            godDigest: Digest(of: entry.1), aggregate: RecordAddress(partition: 0, offset: Int64(start + index)),
                            aggregateDigest: Digest(of: entry.1), version: nil, mappingDigest: nil, producedAtMs: 0)
                    })
            }
        }
        alone.calls = [
            ("the intake's calls", produce * Double(signals)), ("the aggregator's calls", (query + produce) * Double(rows)),
            ("the enricher's calls", (lookup + produce + append) * Double(run.godObjects)),
        ]
        return alone
    }
}

private final class WallClock: Clock {
    var nowMs: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    func sleep(ms: Int) { usleep(UInt32(ms) * 1_000) }
}
