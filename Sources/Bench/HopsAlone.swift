import Domain
import Foundation
import Kafka
import Ledger
import Pipeline
import Source

/// The work of each hop, done alone by the same code that the pipeline does it with, in the same batches.
struct HopsAlone {
    /// Seconds that the same amount of work takes when nothing else is done, by what it is.
    var seconds: [(name: String, seconds: Double)] = []

    var slowest: (name: String, seconds: Double) { seconds.max { $0.seconds < $1.seconds } ?? ("nothing", 0) }

    /// Measures a sample of each kind of work, and scales it to the amount that this run has done.
    static func measure(_ world: StreamWorld, like run: StreamRun, batch: Int = 500) throws -> HopsAlone {
        let rows = run.counts[.aggregator]?.recordsOut ?? 0
        let signals = run.counts[.intake]?.recordsOut ?? 0
        let batches = 24
        var alone = HopsAlone()
        let users = (0..<batches).map { number in
            (0..<batch).map { UserID("\(1 + (number * batch + $0) * 7 % world.users)") }
        }
        func note(_ name: String, amount: Int, sample: Int, _ work: () throws -> Void) throws {
            let start = ContinuousClock.now
            try work()
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            alone.seconds.append((name, seconds / Double(sample) * Double(amount)))
        }

        let reader = try SourceReader(world.source(.init()))
        defer { reader.close() }
        var values: [(UserID, [UInt8])] = []
        try note("the SQL", amount: rows, sample: batches * batch) {
            for batch in users { values += try reader.rows(of: batch).rows.map { ($0.key, $0.value) } }
        }

        let service = try HTTPMappingService(settings: world.mapping(), clock: WallClock())
        try note("the HTTP", amount: run.godObjects, sample: batches * batch) {
            for batch in users { _ = try service.mappings(of: batch) {} }
        }

        let settings = try world.settings(for: .init(topics: ["none"], events: 0, users: 0))
        let producer = try Producer(
            properties: StreamWorld.producerProperties.merging(["bootstrap.servers": world.bootstrap]) { $1 })
        defer { producer.close() }
        try note("the producing, three times over", amount: signals + rows + run.godObjects, sample: values.count) {
            for start in stride(from: 0, to: values.count, by: batch) {
                for (user, value) in values[start..<min(start + batch, values.count)] {
                    _ = try producer.send(OutgoingRecord(topic: settings.topics.god, key: user.keyBytes, value: value))
                }
                for delivery in try producer.flush(timeoutMs: 30_000) { _ = try delivery.result.get() }
            }
        }

        let ledger = try LedgerWriter(path: settings.ledgerPath, godTopic: settings.topics.god)
        defer { ledger.close() }
        try note("the ledger's appends", amount: run.godObjects, sample: values.count) {
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
        return alone
    }
}

private final class WallClock: Clock {
    var nowMs: Int64 { Int64(Date().timeIntervalSince1970 * 1_000) }

    func sleep(ms: Int) { usleep(UInt32(ms) * 1_000) }
}
