import Domain
import Report
import Source

/// Reads some users a second time, by code that shares nothing with the encoder, and compares them field by field with aggregates of
/// which the bytes said that all is well.
///
/// Rows and aggregates go through one encoder, so bytes alone would call equal what it had made equal: two numbers that it rounds to
/// one, two texts that it trims.
///
/// An aggregate whose digest is that of the row's bytes has these bytes, which are at hand: fetching records that lie scattered over the
/// topic would take longer than everything else. One of each partition is fetched all the same, as a check of that very argument.
struct CrossCheck {
    private let source: any SourcePort
    private let topic: TopicTail
    private let comparison: FieldComparison
    private let sizes: RowSizes

    /// - Parameter sizes: For how many rows there is room at a time.
    init(_ source: any SourcePort, _ topic: TopicTail, _ comparison: FieldComparison, _ sizes: RowSizes) {
        self.sizes = sizes
        self.source = source
        self.topic = topic
        self.comparison = comparison
    }

    /// - Returns: How many were compared and agreed; nobody, if none of the records that prove the argument was still there.
    /// - Throws: ``ReconcileError/encodingDisagrees(user:fields:)`` when a user's fields say something else than their bytes did, and
    ///   ``ReconcileError/recordDisagrees(user:address:)`` when a record holds other bytes than its digest was said to be of.
    func run(_ members: [EqualSample.Member]) throws -> Report.CrossCheck {
        var result = Report.CrossCheck()
        var proofs = Proofs()
        var left = members[...]
        while !left.isEmpty {
            // A row is held in several forms here: its bytes, its fields, and the fields of its bytes.
            let some = left.prefix(max(1, sizes.usersPerQuery / Self.formsOfARow))
            left = left.dropFirst(some.count)
            try compare(some, &result, &proofs)
            if let limit = sizes.limitBytes, proofs.bytes > limit { try prove(&proofs) }
        }
        try prove(&proofs)
        return proofs.proven == 0 && proofs.asked > 0 ? Report.CrossCheck() : result
    }

    /// How many rows' worth is held at a time, at most.
    static let formsAtATime = 1_000
    private static let formsOfARow = 4

    /// Whose record has to hold which bytes: somebody of each partition.
    private struct Proofs {
        private(set) var ofPartition: [Int32: (member: EqualSample.Member, bytes: [UInt8])] = [:]
        /// What they take.
        private(set) var bytes = 0
        /// How many records were asked for, and how many of them were still there.
        var asked = 0
        var proven = 0

        mutating func note(_ member: EqualSample.Member, _ row: [UInt8]) {
            let old = ofPartition.updateValue((member, row), forKey: member.aggregate.partition)
            bytes += row.count - (old?.bytes.count ?? 0)
        }

        mutating func forget() {
            ofPartition = [:]
            bytes = 0
        }
    }

    private func compare(
        _ members: ArraySlice<EqualSample.Member>, _ result: inout Report.CrossCheck, _ proofs: inout Proofs
    ) throws {
        let readings = try source.secondReading(of: members.map(\.user))
        sizes.note(asked: sizes.usersPerQuery, largest: readings.values.reduce(0) { max($0, $1.bytes.count) })
        for member in members {
            // Whoever changed meanwhile is no longer one of those that were equal.
            guard let reading = readings[member.user], reading.digest == member.digest else { continue }
            result.compared += 1
            let fields = differingFields(reading, reading.bytes)
            guard fields.isEmpty else { throw ReconcileError.encodingDisagrees(user: member.user, fields: fields) }
            result.agreed += 1
            proofs.note(member, reading.bytes)
        }
    }

    /// Fetches the records. A record never changes at its address, so it holds the bytes that its digest was said to be of, or is gone.
    private func prove(_ proofs: inout Proofs) throws {
        let expected = proofs.ofPartition
        var proven = 0
        try topic.fetch(Set(expected.values.map(\.member.aggregate))) { address, record in
            guard let (member, bytes) = expected[address.partition] else { return }
            guard record.value == bytes else { throw ReconcileError.recordDisagrees(user: member.user, address: address) }
            proven += 1
        }
        proofs.asked += expected.count
        proofs.proven += proven
        proofs.forget()
    }

    private func differingFields(_ reading: SecondReading, _ value: [UInt8]) -> [String] {
        guard let found = try? JSONValue(parsing: value), let members = found.members else { return reading.names.sorted() }
        let absent = reading.names.subtracting(members.map(\.name)).sorted()
        let added = members.map(\.name).filter { !reading.names.contains($0) }
        return comparison.differingFields(reading.fields, found) + absent + added
    }
}
