import Domain
import Kafka

/// A point in a step, between two of its effects: right after a call to a port, and before the step does anything with it.
public enum PortCall: String, Sendable, CaseIterable {
    /// Records were read.
    case polled
    /// Rows were read from MySQL.
    case queried
    /// The mapping service has answered.
    case mapped
    /// A record was handed to the producer.
    case sent
    /// The broker's answers to all of them are there.
    case acknowledged
    /// The ledger's transaction is committed.
    case recorded
    /// The parked records' transaction is committed.
    case parked
    /// The group's offsets are committed.
    case committed
}

/// Is told of each point that a worker passes, on the worker's thread. Whoever tests crashes ends the process there.
public typealias PortObserver = @Sendable (Hop, PortCall) -> Void

extension HopPorts {
    /// The same ports, of whose calls `tell` is told. Without an observer nothing is wrapped, so that it costs nothing.
    func observed(by tell: @escaping (PortCall) -> Void) -> HopPorts {
        var ports = self
        ports.source = ObservedSource(port: source, tell: tell)
        ports.sink = ObservedSink(port: sink, tell: tell)
        ports.parkingLot = ObservedParkingLot(port: parkingLot, tell: tell)
        return ports
    }
}

private final class ObservedSource: RecordSource {
    private let port: any RecordSource
    private let tell: (PortCall) -> Void

    init(port: any RecordSource, tell: @escaping (PortCall) -> Void) {
        self.port = port
        self.tell = tell
    }

    func poll(maxRecords: Int, maxBytes: Int, timeoutMs: Int) throws -> Poll {
        let poll = try port.poll(maxRecords: maxRecords, maxBytes: maxBytes, timeoutMs: timeoutMs)
        // Polls that bring nothing are not worth a crash.
        if !poll.records.isEmpty { tell(.polled) }
        return poll
    }

    func commit(_ offsets: [TopicPartition: Int64], whileWaiting: () throws -> Void) throws {
        try port.commit(offsets, whileWaiting: whileWaiting)
        tell(.committed)
    }

    func keepAlive() throws -> Poll { try port.keepAlive() }
    func history(of partitions: Set<TopicPartition>, lookBack: Int) throws -> [TopicPartition: PartitionHistory] {
        try port.history(of: partitions, lookBack: lookBack)
    }
    func end(of partition: TopicPartition) throws -> Int64 { try port.end(of: partition) }
    func partitionCount(of topic: String) throws -> Int? { try port.partitionCount(of: topic) }
    var isAssignmentLost: Bool { port.isAssignmentLost }
}

private final class ObservedSink: RecordSink {
    private let port: any RecordSink
    private let tell: (PortCall) -> Void

    init(port: any RecordSink, tell: @escaping (PortCall) -> Void) {
        self.port = port
        self.tell = tell
    }

    func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void) throws -> UInt64 {
        let ticket = try port.send(record, whileWaiting: whileWaiting)
        tell(.sent)
        return ticket
    }

    func flush(timeoutMs: Int, whileWaiting: () throws -> Void) throws -> [Receipt] {
        let receipts = try port.flush(timeoutMs: timeoutMs, whileWaiting: whileWaiting)
        tell(.acknowledged)
        return receipts
    }

    func purge() throws { try port.purge() }
}

private struct ObservedParkingLot: ParkingLot {
    let port: any ParkingLot
    let tell: (PortCall) -> Void

    func park(_ records: [Parking]) throws {
        try port.park(records)
        tell(.parked)
    }

    func close(_ users: [UserID], hops: Set<Hop>) throws { try port.close(users, hops: hops) }
}

final class ObservedRows: RowReader {
    private let port: any RowReader
    private let tell: (PortCall) -> Void

    init(port: any RowReader, tell: @escaping (PortCall) -> Void) {
        self.port = port
        self.tell = tell
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        let rows = try port.rows(of: users)
        tell(.queried)
        return rows
    }

    func binlogEnd() throws -> SourcePosition? { try port.binlogEnd() }
}

struct ObservedLedger: ProductionLog {
    let port: any ProductionLog
    let tell: (PortCall) -> Void

    func append(_ productions: [Production]) throws {
        try port.append(productions)
        tell(.recorded)
    }
}

struct ObservedMappings: MappingLookup {
    let port: any MappingLookup
    let tell: (PortCall) -> Void

    func mappings(of users: [UserID], whileWaiting: () throws -> Void) throws -> [UserID: MappingAnswer] {
        let answers = try port.mappings(of: users, whileWaiting: whileWaiting)
        tell(.mapped)
        return answers
    }

    func forgetAnswers() { port.forgetAnswers() }

    func forgetAnswers(of users: Set<UserID>) { port.forgetAnswers(of: users) }
}
