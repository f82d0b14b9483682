import Domain
import Ledger
import Source

/// The source database, connected to when it is first asked.
final class SourceRows: RowReader {
    private let settings: SourceSettings
    private var reader: SourceReader?

    init(_ settings: SourceSettings) {
        self.settings = settings
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        try translatingFailures {
            let reader = try self.reader ?? SourceReader(settings)
            self.reader = reader
            return try reader.rows(of: users)
        }
    }

    func binlogEnd() throws -> SourcePosition? {
        do {
            return try translatingFailures { try reader?.ownBinlogEnd() }
        } catch let failure as PortFailure where failure.kind == .fatal {
            // Such as a user who may not ask. That ends a wait no earlier, and is no reason to end the worker.
            return nil
        }
    }

    func close() {
        reader?.close()
        reader = nil
    }
}

/// The ledger file, as the enricher sees it.
struct LedgerFile: ProductionLog {
    let writer: LedgerWriter

    func append(_ productions: [Production]) throws {
        try translatingFailures { try writer.append(productions) }
    }
}

/// No ledger, to measure what one costs.
struct NoLedger: ProductionLog {
    func append(_ productions: [Production]) {}
}

/// The file of parked records, as the steps see it.
struct ParkedFile: ParkingLot {
    let store: ParkedStore

    func park(_ records: [Parking]) throws {
        try translatingFailures { try store.park(records.map { ParkedRecord($0) }) }
    }

    func close(_ users: [UserID], hops: Set<Hop>) throws {
        _ = try translatingFailures { try store.close(users: users, hops: hops) }
    }
}

extension ParkedRecord {
    /// A row of the file has room for one user. A record that concerns two (a changed key) is signalled for both when it is
    /// read; the entry is kept under the first.
    init(_ parking: Parking) {
        let record = parking.record
        self.init(
            hop: parking.hop, topic: record.topic, address: RecordAddress(partition: record.partition, offset: record.offset),
            timestampMs: record.timestampMs ?? -1, key: record.key, value: record.value,
            headers: record.headers.map { ParkedHeader($0.name, $0.value) }, user: parking.users.first,
            reason: parking.reason, message: parking.detail)
    }
}
