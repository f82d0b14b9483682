import Domain

/// Reads the newest aggregates of a batch where digests alone do not decide: values that differ in bytes from the row's encoding may
/// mean the same, and an open parked record may have been answered since.
struct AggregateValues {
    private let roll: Roll
    private let comparison: FieldComparison

    /// What the records say.
    struct Reading {
        /// Users whose aggregate says what their row does, in other bytes.
        var sameInMeaning: Set<UserID> = []
        /// The signal that a user's newest aggregate, or tombstone, answers.
        var answered: [UserID: RecordAddress] = [:]
    }

    init(_ roll: Roll, _ comparison: FieldComparison) {
        self.roll = roll
        self.comparison = comparison
    }

    /// - Parameters:
    ///   - users: What is known of users whom the roll holds.
    ///   - rows: The canonical bytes of their rows.
    func read(_ users: [KnownUser], _ rows: [UserID: [UInt8]]) throws -> Reading {
        var owners: [RecordAddress: KnownUser] = [:]
        for user in users {
            guard let home = user.aggregate.home else { continue }
            let isUnequal = home.digest != nil && home.digest != user.row && rows[user.user] != nil
            let isParked = roll.parked.entries(of: user.user)[.aggregator] != nil
            if isUnequal || isParked { owners[home.address] = user }
        }
        var reading = Reading()
        // Values are looked at one by one as they come, and never held together.
        try roll.aggregate.tail.fetch(Set(owners.keys)) { address, record in
            guard let user = owners[address] else { return }
            let provenance = AggregateProvenance { record.headers[$0] }
            reading.answered[user.user] = provenance.signal
            guard let row = rows[user.user], let value = record.value, user.aggregate.home?.digest == Digest(of: value) else {
                return
            }
            if comparison.differingFields(row, value, isOwn: provenance.encoding != nil) == [] {
                reading.sameInMeaning.insert(user.user)
            }
        }
        return reading
    }
}
