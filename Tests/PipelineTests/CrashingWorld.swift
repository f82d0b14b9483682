import Domain
import Kafka
import Logging

@testable import Pipeline

/// A world whose process dies after the n-th call has had its effect, and before the caller learns of it: the worst moment.
final class CrashingWorld: RecordSource, RecordSink, ProductionLog, ParkingLot, MappingLookup, Clock {
    private let world: ScriptedWorld
    private var left: Int

    init(_ world: ScriptedWorld, atCall callNumber: Int) {
        self.world = world
        left = callNumber
    }

    /// Runs one life.
    func run(_ life: (HopPorts) throws -> Void) throws {
        do {
            try life(
                HopPorts(
                    source: self, sink: self, parkingLot: self, clock: self, counters: HopCounters(),
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        } catch is Crash {}
    }

    private func dying<Result>(_ call: () throws -> Result) throws -> Result {
        let result = try call()
        left -= 1
        if left == 0 { throw Crash() }
        return result
    }

    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll {
        try dying { try world.poll(maxRecords: maxRecords, maxBytes: maxBytes, timeoutMs: timeoutMs) }
    }
    func keepAlive() throws -> Poll { try world.keepAlive() }
    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory] {
        try world.history(of: partitions, lookBack: lookBack)
    }
    func end(of partition: TopicPartition) throws -> Int64 { try world.end(of: partition) }
    func partitionCount(of topic: String) throws -> Int? { try world.partitionCount(of: topic) }
    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws {
        try dying { try world.commit(offsets, whileWaiting: whileWaiting) }
    }
    var isAssignmentLost: Bool { world.isAssignmentLost }
    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        try dying { try world.send(record, whileWaiting: whileWaiting) }
    }
    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        try dying { try world.flush(timeoutMs: timeoutMs, whileWaiting: whileWaiting) }
    }
    func purge() throws { try world.purge() }
    func append(_ productions: [Production]) throws { try dying { try world.append(productions) } }
    func park(_ records: [Parking]) throws { try dying { try world.park(records) } }
    func close(_ users: [UserID], hops: Set<Hop>) throws { try dying { try world.close(users, hops: hops) } }
    func mappings(of users: [UserID], whileWaiting: () throws -> Void) throws -> [UserID: MappingAnswer] {
        try dying { try world.mappings(of: users, whileWaiting: whileWaiting) }
    }
    var nowMs: Int64 { world.nowMs }
    func sleep(ms: Int) throws { try dying { try world.sleep(ms: ms) } }
}
