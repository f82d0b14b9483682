import Domain

/// What a record of the aggregate topic, once read, was found to say about a row. A record never changes, so it need not be read
/// again for the same row: what was found stays true for the two.
struct ReadValue: Sendable, Equatable {
    /// The record.
    var address: RecordAddress
    /// Nil for a tombstone.
    var digest: Digest?
    /// The row that it was compared with; nil without one.
    var row: Digest?
    /// Whether the record says what the row does, in other bytes.
    var isSameInMeaning: Bool
    /// The signal that the record answers.
    var answered: RecordAddress?
}

/// Reads the newest aggregates of a batch where digests alone do not decide: values that differ in bytes from the row's encoding may
/// mean the same, and an open parked record may have been answered since.
struct AggregateValues {
    private let roll: Roll
    private let comparison: FieldComparison

    init(_ roll: Roll, _ comparison: FieldComparison) {
        self.roll = roll
        self.comparison = comparison
    }

    /// Completes what was seen of users by what their aggregates say, as far as that is not known from an earlier look.
    ///
    /// - Parameter sights: Of users whom the roll holds.
    func read(_ sights: inout [Sight]) throws {
        var owners: [RecordAddress: Int] = [:]
        for index in sights.indices where !isRead(sights[index]) {
            sights[index].value = nil
            if let address = addressToRead(sights[index]) { owners[address] = index }
        }
        // Values are looked at one by one as they come, and never held together.
        try roll.aggregate.tail.fetch(Set(owners.keys)) { address, record in
            if let index = owners[address] { sights[index].value = read(sights[index], address, record) }
        }
    }

    private func isRead(_ sight: Sight) -> Bool {
        guard let value = sight.value, let home = sight.known.aggregate.home else { return false }
        return value.address == home.address && value.digest == home.digest && value.row == sight.row.digest
    }

    private func addressToRead(_ sight: Sight) -> RecordAddress? {
        guard let home = sight.known.aggregate.home else { return nil }
        let isUnequal = home.digest != nil && home.digest != sight.row.digest && sight.row.bytes != nil
        guard isUnequal || roll.parked.entries(of: sight.known.user)[.aggregator] != nil else { return nil }
        return home.address
    }

    /// Nil for a record that is not the one which the fold has seen there.
    private func read(_ sight: Sight, _ address: RecordAddress, _ record: TopicValue) -> ReadValue? {
        let digest = record.value.map { Digest(of: $0) }
        guard digest == sight.known.aggregate.home?.digest else { return nil }
        let provenance = AggregateProvenance { record.headers[$0] }
        var read = ReadValue(
            address: address, digest: digest, row: sight.row.digest, isSameInMeaning: false, answered: provenance.signal)
        if let row = sight.row.bytes, let value = record.value {
            read.isSameInMeaning = comparison.differingFields(row, value, isOwn: provenance.encoding != nil) == []
        }
        return read
    }
}
