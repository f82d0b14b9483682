import Domain

/// Looks up what the judgement needs to name the cause of a finding at the aggregate stage: the newest signal for the user, and
/// which signal the newest aggregate accounts for.
struct CauseFinder {
    private let roll: Roll
    private let signals: any TopicPort
    private let encodingID: String

    init(_ roll: Roll, signals: any TopicPort, encodingID: String) {
        self.roll = roll
        self.signals = signals
        self.encodingID = encodingID
    }

    /// Adds to each evidence what is known of its user's signals. Reads the signals topic once, for all of them.
    func complete(_ evidence: inout [UserID: Evidence]) throws {
        guard !evidence.isEmpty else { return }
        let newestSignals = try newestSignals(of: Set(evidence.keys))
        let provenance = try provenance(of: Array(evidence.keys))
        for user in evidence.keys {
            let made = provenance[user]
            evidence[user]?.isSignalledSince = isSignalled(newestSignals[user], since: made?.signal)
            if let encoding = made?.encoding { evidence[user]?.isEncodingChanged = encoding != encodingID }
        }
    }

    /// Signals of one user lie in one partition, where a higher offset is newer.
    private func isSignalled(_ newest: RecordAddress?, since accounted: RecordAddress?) -> Bool {
        guard let newest else { return false }
        guard let accounted, accounted.partition == newest.partition else { return true }
        return newest.offset > accounted.offset
    }

    private func newestSignals(of users: Set<UserID>) throws -> [UserID: RecordAddress] {
        let bounds = try signals.bounds()
        var newest: [UserID: RecordAddress] = [:]
        try signals.read(from: bounds.mapValues(\.low), to: bounds.mapValues(\.end)) { entry in
            guard let key = entry.key, let text = String(validating: key, as: UTF8.self) else { return }
            let user = UserID(text)
            if users.contains(user) { newest[user] = entry.address }
        }
        return newest
    }

    /// What the users' newest aggregates, tombstones included, say of their making.
    private func provenance(of users: [UserID]) throws -> [UserID: AggregateProvenance] {
        var owners: [RecordAddress: UserID] = [:]
        for user in users {
            if let record = roll.aggregate.fold.newest(user) { owners[record.address] = user }
        }
        var found: [UserID: AggregateProvenance] = [:]
        try roll.aggregate.fetch(Set(owners.keys)) { address, record in
            if let user = owners[address] { found[user] = AggregateProvenance { record.headers[$0] } }
        }
        return found
    }
}
