import Domain

/// Looks up what the judgement needs to name the cause of a finding at the aggregate stage: the newest signal for the user, and
/// which signal the newest aggregate accounts for.
struct CauseFinder {
    /// Nil where somebody else's pipeline fills the aggregate topic.
    private let signals: SignalIndex?
    private let encodingID: String

    init(signals: SignalIndex?, encodingID: String) {
        self.signals = signals
        self.encodingID = encodingID
    }

    /// Adds to each evidence what is known of its user's signals.
    ///
    /// - Parameter provenance: What the users' newest aggregates, tombstones included, say of their making.
    func complete(_ evidence: inout [UserID: Evidence], provenance: [UserID: AggregateProvenance]) throws {
        guard let signals else { return }
        let newest = try signals.newest(of: evidence.keys)
        for user in evidence.keys {
            let made = provenance[user]
            // An aggregate, or tombstone, that does not say which signal it answers leaves open whether there was a later one.
            let isMute = made != nil && made?.signal == nil && newest[user] != nil
            let isSignalled = isSignalled(newest[user], since: made?.signal)
            // That there was none can be told only where none can have been removed by retention.
            let isKnown = !isMute && (isSignalled || signals.remembers(user, since: made?.signal))
            evidence[user]?.isSignalledSince = isKnown ? isSignalled : nil
            if let encoding = made?.encoding { evidence[user]?.isEncodingChanged = encoding != encodingID }
        }
    }

    /// Signals of one user lie in one partition, where a higher offset is newer.
    private func isSignalled(_ newest: RecordAddress?, since accounted: RecordAddress?) -> Bool {
        guard let newest else { return false }
        guard let accounted, accounted.partition == newest.partition else { return true }
        return newest.offset > accounted.offset
    }
}
