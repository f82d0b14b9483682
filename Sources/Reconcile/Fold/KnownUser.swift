import Domain

/// The newest record of a key, be it live or a tombstone.
struct NewestRecord: Sendable, Equatable {
    var address: RecordAddress
    /// Nil for a tombstone.
    var digest: Digest?
    var timestampMs: Int64?

    var live: LiveRecord? {
        digest.map { LiveRecord(address: address, digest: $0, timestampMs: timestampMs) }
    }
}

/// What a topic holds of one user.
///
/// A user's home is the plain key in the partition that the partitioner chooses. Everything else that is live for the user is
/// a stray: compaction would keep it for ever, and no signal could reach it.
struct KnownRecords: Sendable, Equatable {
    /// The newest record at the user's home, tombstones included.
    var home: NewestRecord?
    /// The newest records elsewhere, one per partition and key.
    var strays: [StrayRecord] = []

    struct StrayRecord: Sendable, Equatable {
        /// The record's key, byte for byte.
        var key: [UInt8]
        var record: NewestRecord
    }

    /// Takes a record elsewhere into account, which replaces an earlier one of its partition and key.
    mutating func putStray(_ key: [UInt8], _ record: NewestRecord) {
        let index = strays.firstIndex { $0.record.address.partition == record.address.partition && $0.key == key }
        if let index { strays[index].record = record } else { strays.append(StrayRecord(key: key, record: record)) }
    }

    /// The live records elsewhere, in the order of their addresses.
    func liveStrays(of user: UserID, at stage: Stage) -> [Stray] {
        strays.compactMap { stray in
            stray.record.live.map {
                Stray(
                    stage: stage, cause: stray.key == user.keyBytes ? .wrongPartition : .twoLiveKeys, record: $0, key: stray.key)
            }
        }.sorted {
            ($0.record.address.partition, $0.record.address.offset) < ($1.record.address.partition, $1.record.address.offset)
        }
    }
}

/// All that the topics, the ledgers and the source hold of one user at one time.
struct KnownUser: Sendable, Equatable {
    var user: UserID
    /// The digest of the row; nil when the query yields none.
    var row: Digest?
    var aggregate = KnownRecords()
    var god = KnownRecords()
    /// The newest production of each partition, by partition.
    var productions: [Production] = []

    /// The input of the judgement.
    ///
    /// - Parameters:
    ///   - parked: The user's open entries among the parked records.
    ///   - answered: The signal that the newest aggregate answers, where somebody looked.
    func evidence(parked: OpenParkings = OpenParkings(), answered: RecordAddress? = nil) -> Evidence {
        let production = newestProduction
        var evidence = Evidence(row: row, production: production)
        // The one that was parked last gives the reason.
        for entry in parked.entries {
            let isSettled =
                switch entry.hop {
                // An event that intake cannot read is signalled all the same, if it names its user.
                case .intake: false
                case .aggregator: entry.isSettled(by: answered)
                case .enricher: entry.isSettled(by: production?.aggregate, atMs: production?.producedAtMs)
                }
            if !isSettled { evidence.parked[entry.hop] = entry.reason }
        }
        evidence.aggregate = aggregate.home?.live
        evidence.god = god.home?.live
        evidence.strays = aggregate.liveStrays(of: user, at: .aggregate) + god.liveStrays(of: user, at: .god)
        return evidence
    }

    /// Whether everything in topics and ledgers that a stage's judgement rests on is the very same record. Two tombstones are two
    /// records, though both mean "nobody": between them somebody may have come and gone.
    func holdsSameRecords(as other: KnownUser, at stage: Stage) -> Bool {
        guard aggregate == other.aggregate else { return false }
        return stage == .aggregate || (god == other.god && productions == other.productions)
    }

    /// Of productions in several partitions, the one at home counts: the others are told as strays of the God topic.
    private var newestProduction: Production? {
        guard productions.count > 1, let home = god.home?.address.partition else { return productions.last }
        return productions.first { $0.god.partition == home } ?? productions.last
    }
}

// MARK: - In temporary files

extension PayloadWriter {
    mutating func add(_ record: NewestRecord) {
        add(record.address)
        add(record.digest)
        add(record.timestampMs) { $0.add($1) }
    }

    mutating func add(_ records: KnownRecords) {
        add(records.home) { $0.add($1) }
        add(records.strays) { writer, stray in
            writer.add(stray.key)
            writer.add(stray.record)
        }
    }

    mutating func add(_ production: Production) {
        add(production.user.text)
        add(production.god)
        add(production.godDigest)
        add(production.aggregate)
        add(production.aggregateDigest)
        add(production.version) { $0.add($1.description) }
        add(production.mappingDigest)
        add(production.producedAtMs)
    }

    mutating func add(_ known: KnownUser) {
        add(known.user.text)
        add(known.row)
        add(known.aggregate)
        add(known.god)
        add(known.productions) { $0.add($1) }
    }
}

extension PayloadReader {
    mutating func record() throws(ReconcileError) -> NewestRecord {
        NewestRecord(
            address: try address(), digest: try digest(),
            timestampMs: try optional { reader throws(ReconcileError) in try reader.integer() })
    }

    mutating func records() throws(ReconcileError) -> KnownRecords {
        KnownRecords(
            home: try optional { reader throws(ReconcileError) in try reader.record() },
            strays: try list { reader throws(ReconcileError) in
                KnownRecords.StrayRecord(key: try reader.content(), record: try reader.record())
            })
    }

    mutating func production() throws(ReconcileError) -> Production {
        Production(
            user: UserID(try text()), god: try address(), godDigest: try digest(), aggregate: try address(),
            aggregateDigest: try digest(),
            version: try optional { reader throws(ReconcileError) in try reader.text() }.flatMap { SourcePosition($0) },
            mappingDigest: try digest(), producedAtMs: try integer())
    }

    mutating func knownUser() throws(ReconcileError) -> KnownUser {
        KnownUser(
            user: UserID(try text()), row: try digest(), aggregate: try records(), god: try records(),
            productions: try list { reader throws(ReconcileError) in try reader.production() })
    }
}
