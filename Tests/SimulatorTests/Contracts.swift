import Domain
import Kafka
import Pipeline
import Reconcile

@testable import Simulator

/// What a broker is asked, and what it answers.
struct BrokerContract {
    let broker: any ContractBroker
    private let first = TopicPartition(Name.aggregate, 0)

    init(broker: any ContractBroker) { self.broker = broker }

    struct Seen: Sendable {
        var addresses: [Int64] = []
        var homes: [Int32] = []
        var firstShare: [Int32] = []
        var read: [Int64] = []
        var end: Int64 = 0
        var partitions: Int?
        var partitionsOfNothing: Int?
        var committed: Int64?
        var low: Int64 = -1
        var high: Int64 = -1
        var lookedBack: [Int64] = []
        var readOn: [Int64] = []
    }

    func observe() throws -> Seen {
        var seen = Seen()
        seen.addresses = try write((0..<3).map { record("0", "\($0)", partition: 0) }).map(\.offset)
        let one = try broker.member()
        try gather(one) { poll in
            seen.firstShare += poll.assigned.map(\.partition).sorted()
            seen.read += poll.records.filter { $0.partition == 0 }.map(\.offset)
            return seen.read.count >= 3
        }
        seen.end = try one.end(of: first)
        seen.partitions = try one.partitionCount(of: Name.aggregate)
        seen.partitionsOfNothing = try one.partitionCount(of: "nothing")
        try one.commit([first: 2]) {}
        let history = try one.history(of: [first], lookBack: 2)[first]
        seen.committed = history?.committed
        seen.low = history?.low ?? -1
        seen.high = history?.high ?? -1
        seen.lookedBack = history?.last.map(\.offset) ?? []
        broker.leave(one)
        let two = try broker.member()
        try gather(two) { poll in
            seen.readOn += poll.records.filter { $0.partition == 0 }.map(\.offset)
            return !seen.readOn.isEmpty
        }
        broker.leave(two)
        seen.homes = try write((0..<8).map { record("\($0)", "v", partition: nil) }).map(\.partition)
        return seen
    }

    struct Shares: Sendable {
        var revoked: [Int32] = []
        var shares: [[Int32]] = []
    }

    func observeRebalance() throws -> Shares {
        var seen = Shares()
        let one = try broker.member()
        try gather(one) { !$0.assigned.isEmpty }
        let two = try broker.member()
        var shares: [[Int32]] = [[], []]
        for _ in 0..<2_000 {
            guard shares.contains([]) else { break }
            for (index, member) in [one, two].enumerated() {
                let poll = try member.poll(maxRecords: 10, maxBytes: 1 << 20, timeoutMs: 20)
                // A real group may rebalance once more, where the second member came late to the first time.
                if index == 0, seen.revoked.isEmpty { seen.revoked = poll.revoked.map(\.partition).sorted() }
                if !poll.revoked.isEmpty { shares[index] = [] }
                if !poll.assigned.isEmpty { shares[index] = poll.assigned.map(\.partition) }
            }
        }
        seen.shares = shares
        broker.leave(one)
        broker.leave(two)
        return seen
    }

    private func record(_ key: String, _ value: String, partition: Int32?) -> OutgoingRecord {
        var record = OutgoingRecord(topic: Name.aggregate, key: Array(key.utf8), value: Array(value.utf8))
        record.partition = partition
        return record
    }

    private func write(_ records: [OutgoingRecord]) throws -> [RecordAddress] {
        let sink = try broker.sink()
        for record in records { _ = try sink.send(record) {} }
        return try sink.flush(timeoutMs: 30_000, whileWaiting: {}).compactMap { receipt in
            if case .delivered(let address) = receipt.outcome { address } else { nil }
        }
    }

    /// Polls until `isDone` says so, and gives up in the end.
    private func gather(_ member: any RecordSource, until isDone: (Poll) -> Bool) throws {
        for _ in 0..<2_000 {
            if isDone(try member.poll(maxRecords: 10, maxBytes: 1 << 20, timeoutMs: 20)) { return }
        }
    }
}

/// What a ledger is asked, and what it answers.
struct LedgerContract {
    let append: ([Production]) throws -> Void
    let highest: () throws -> [Int32: Int64]
    let port: () throws -> any LedgerPort

    struct Seen: Sendable, Equatable {
        var highest: [Int32: Int64] = [:]
        var firstRead: [Int64] = []
        var secondRead: [Int64] = []
        var lastIDs: [[Int64]] = []
    }

    func observe() throws -> Seen {
        var seen = Seen()
        try append([production(partition: 0, offset: 0), production(partition: 0, offset: 5)])
        let begun = try port().read(after: LedgerPosition()) { seen.firstRead.append($0.god.offset) }
        try append([production(partition: 1, offset: 2)])
        let done = try port().read(after: begun) { seen.secondRead.append($0.god.offset) }
        seen.lastIDs = [begun.lastIDs, done.lastIDs].map { [$0.first ?? -1] }
        seen.highest = try highest()
        return seen
    }

    private func production(partition: Int32, offset: Int64) -> Production {
        Production(
            user: UserID("7"), god: RecordAddress(partition: partition, offset: offset), godDigest: Digest(of: [1]),
            aggregate: RecordAddress(partition: 0, offset: offset), aggregateDigest: Digest(of: [2]), version: nil,
            mappingDigest: nil, producedAtMs: 1)
    }
}
