import Domain
import Foundation
import Kafka
import Ledger
import Logging
import Sandbox
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("A worker that was cut off and comes back", .serialized)
    struct ZombieTests {
        /// The first worker has read the old row, and hangs with it just before the producer. The group goes on without it; the
        /// second one reads the new row and writes it. Then the first one's producer gets what it waited for.
        @Test("writes late: that is noticed, counted, and mended by a signal")
        func lateWrite() throws {
            let stack = try PipelineStack("zombie", on: .embedded, partitions: 1)
            try stack.stack.execute("REPLACE INTO users (user_id, email) VALUES (15000, 'old@example.com')")
            try stack.publish([stack.event("15000")])
            // Without an aggregator, so that the zombie is the group's first member.
            let others = stack.runner(only: [.intake, .enricher])
            try others.start()
            defer { others.requestStop() }

            let gate = Gate()
            let zombie = Thread { [settings = stack.settings] in
                gate.noteEnd { try Self.runZombie(settings, gate) }
            }
            zombie.start()
            try eventually("the zombie holds the old row; \(gate.failure ?? "")") { gate.isReached }

            try stack.stack.execute("UPDATE users SET email = 'new@example.com' WHERE user_id = 15000")
            try stack.publish([stack.event("15000")])
            stack.settings.parkedPath += "-heir"
            let heir = stack.runner(only: [.aggregator])
            try heir.start()
            defer { heir.requestStop() }
            let god = stack.settings.topics.god
            try eventually("the heir has written the new row") {
                try stack.live(god)["15000"]?.value.text?.contains("new@example.com") == true
            }
            gate.open()
            try eventually("the zombie ends") { gate.hasEnded }
            #expect(gate.failure == nil)
            let records = try stack.all(stack.settings.topics.aggregate)
            let isOld = { (record: Record) in record.value.text?.contains("old@example.com") == true }
            let late = try #require(records.lastIndex(where: isOld), "the zombie has written late")
            #expect(records[..<late].contains { !isOld($0) }, "after the heir")

            try eventually("it is counted") { others.counters[.enricher].snapshot().lateWrites >= 1 }
            try stack.waitUntilDrained()
            for runner in [others, heir] {
                runner.requestStop()
                try runner.wait()
            }
            try stack.expectEveryoneArrived([15_000])
        }

        /// One step of an aggregator whose every send waits at the gate.
        private static func runZombie(_ settings: PipelineSettings, _ gate: Gate) throws {
            var properties = settings.consumerProperties(.aggregator)
            properties["max.poll.interval.ms"] = properties["session.timeout.ms"]
            let consumer = try Consumer(properties: properties)
            defer { consumer.close() }
            let producer = try Producer(properties: settings.producerProperties())
            defer { producer.close() }
            let rows = SourceRows(settings.source)
            defer { rows.close() }
            let parked = try ParkedStore(path: settings.parkedPath + "-zombie")
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let aggregator = Aggregator(
                settings: AggregatorSettings(
                    signalsTopic: settings.topics.signals, aggregateTopic: settings.topics.aggregate, userIDKind: .unsigned,
                    encodingID: settings.source.encodingID),
                reader: rows,
                ports: HopPorts(
                    source: KafkaSource(consumer, properties: properties, timeoutMs: 10_000, logger: logger),
                    sink: GatedSink(KafkaSink(producer), gate), parkingLot: ParkedFile(store: parked),
                    clock: WorkerClock(stop: StopRequest(drainTimeoutMs: 60_000)), counters: HopCounters(), logger: logger))
            try consumer.subscribe([settings.topics.signals])
            while !gate.isReached { _ = try aggregator.step() }
        }
    }
}

/// Where the zombie hangs, until it is let go.
private final class Gate: Sendable {
    private struct State {
        var isReached = false
        var hasEnded = false
        var failure: String?
    }

    private let state = Mutex(State())
    private let opened = DispatchSemaphore(value: 0)

    var isReached: Bool { state.withLock { $0.isReached } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var failure: String? { state.withLock { $0.failure } }

    func pass() {
        let isFirst = state.withLock { state in
            defer { state.isReached = true }
            return !state.isReached
        }
        if isFirst { opened.wait() }
    }

    func open() { opened.signal() }

    func noteEnd(_ body: () throws -> Void) {
        let outcome = Result { try body() }
        state.withLock {
            $0.hasEnded = true
            if case .failure(let error) = outcome { $0.failure = "\(error)" }
        }
    }
}

/// A sink whose records wait at the gate before they reach the producer.
private final class GatedSink: RecordSink {
    private let sink: any RecordSink
    private let gate: Gate

    init(_ sink: any RecordSink, _ gate: Gate) {
        self.sink = sink
        self.gate = gate
    }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        gate.pass()
        return try sink.send(record, whileWaiting: whileWaiting)
    }

    // The zombie sees nothing of the group while it waits for its records.
    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        try sink.flush(timeoutMs: timeoutMs) {}
    }

    func purge() throws { try sink.purge() }
}
