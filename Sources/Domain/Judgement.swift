/// One way in which what is known about a user contradicts itself. Not yet a finding: on a live system most of these are
/// changes on their way.
public struct Mismatch: Sendable, Hashable {
    public var stage: Stage
    public var kind: Kind
    /// As far as the evidence tells.
    public var cause: Cause?

    public init(_ stage: Stage, _ kind: Kind, _ cause: Cause?) {
        self.stage = stage
        self.kind = kind
        self.cause = cause
    }
}

/// The judgement: what is wrong with a user, by everything that is known at one time.
///
/// It is pure and total, and the only place where a verdict about a user is made. Digests decide; offsets tell order and cause.
/// Returns nothing for a user with whom all is well, which includes one who exists nowhere.
public func judge(_ evidence: Evidence) -> [Mismatch] {
    [judgeAggregate(evidence), judgeGod(evidence)].compactMap { $0 } + judgeStrays(evidence)
}

/// Does the aggregate topic hold what the row says?
private func judgeAggregate(_ evidence: Evidence) -> Mismatch? {
    switch (evidence.row, evidence.aggregate) {
    case (nil, nil): nil
    case (.some, nil): Mismatch(.aggregate, .missing, aggregateCause(evidence))
    case (nil, .some): Mismatch(.aggregate, .extra, aggregateCause(evidence))
    case (let row?, let aggregate?) where row == aggregate.digest || evidence.isSameInMeaning:
        // Whatever could not be processed may have been a newer state of the user than the one that both sides show, until
        // somebody has looked at it. An event that intake could not read is none of these: it never carries a value, only says
        // whom to look at, and that was done here.
        evidence.parked[.aggregator].map { Mismatch(.aggregate, .stale, .parked($0)) }
    case (.some, .some): Mismatch(.aggregate, .stale, aggregateCause(evidence))
    }
}

private func aggregateCause(_ evidence: Evidence) -> Cause? {
    if let reason = evidence.parked[.aggregator] ?? evidence.parked[.intake] { return .parked(reason) }
    guard let isSignalled = evidence.isSignalledSince else { return nil }
    if isSignalled { return .signalledNeverAggregated }
    return evidence.isEncodingChanged ? .encodingChanged : .noChangeEventSeen
}

/// Do ledger and God topic hold what the aggregate topic says?
private func judgeGod(_ evidence: Evidence) -> Mismatch? {
    let parked = evidence.parked[.enricher].map { Cause.parked($0) }
    guard let aggregate = evidence.aggregate else {
        // Without an aggregate the God object has to be gone as well; what the ledger remembers of it is history.
        return evidence.god == nil ? nil : Mismatch(.god, .extra, parked ?? .tombstoneMissing)
    }
    guard let god = evidence.god else {
        let isAbsent = evidence.production?.isLive == true
        return Mismatch(.god, .missing, isAbsent ? .producedThenAbsent : parked ?? .aggregatedNeverEnriched)
    }
    guard let production = evidence.production else { return Mismatch(.god, .stale, .notInLedger) }
    if production.god != god.address {
        let isOlder = god.address.partition == production.god.partition && god.address.offset < production.god.offset
        return Mismatch(.god, .stale, isOlder ? .producedThenAbsent : .notInLedger)
    }
    if production.godDigest != god.digest { return Mismatch(.god, .stale, .notInLedger) }
    if production.aggregateDigest != aggregate.digest {
        return Mismatch(.god, .stale, parked ?? .aggregatedNeverEnriched)
    }
    // The God object was made from this aggregate, but a later attempt to make it anew, with a newer mapping, failed.
    if let parked { return Mismatch(.god, .stale, parked) }
    return evidence.isMappingChanged ? Mismatch(.god, .stale, .mappingChangedSince) : nil
}

/// Live records beside the one that the pipeline would write: each misleads whoever reads the topic.
private func judgeStrays(_ evidence: Evidence) -> [Mismatch] {
    evidence.strays.map { Mismatch($0.stage, .extra, $0.cause) }
}
