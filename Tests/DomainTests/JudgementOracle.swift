import Domain

/// The judgement said a second time, as a list of rules of which the first one that applies decides; written from the design's
/// table, not from ``judge(_:)``.
struct JudgementOracle {
    /// Reads as "if this holds, then that is the verdict".
    struct Rule: Sendable {
        let applies: @Sendable (Evidence) -> Bool
        let verdict: @Sendable (Evidence) -> (Kind, Cause?)?

        init(_ applies: @escaping @Sendable (Evidence) -> Bool, verdict: @escaping @Sendable (Evidence) -> (Kind, Cause?)?) {
            self.applies = applies
            self.verdict = verdict
        }
    }

    static func verdicts(on evidence: Evidence) -> Set<Mismatch> {
        var found: Set<Mismatch> = []
        for (stage, rules) in [(Stage.aggregate, aggregateRules), (Stage.god, godRules)] {
            guard let rule = rules.first(where: { $0.applies(evidence) }), let (kind, cause) = rule.verdict(evidence) else {
                continue
            }
            found.insert(Mismatch(stage, kind, cause))
        }
        for stray in evidence.strays { found.insert(Mismatch(stray.stage, .extra, stray.cause)) }
        return found
    }

    /// What MySQL's row and the aggregate topic's value say of each other.
    private static let aggregateRules: [Rule] = [
        Rule {
            $0.row == nil && $0.aggregate == nil
        } verdict: { _ in
            nil
        },
        Rule {
            isRight($0) && $0.parked[.aggregator] != nil
        } verdict: {
            (.stale, $0.parked[.aggregator].map { .parked($0) })
        },
        Rule {
            isRight($0)
        } verdict: { _ in
            nil
        },
        Rule {
            $0.aggregate == nil
        } verdict: {
            (.missing, aggregateCause($0))
        },
        Rule {
            $0.row == nil
        } verdict: {
            (.extra, aggregateCause($0))
        },
        Rule { _ in
            true
        } verdict: {
            (.stale, aggregateCause($0))
        },
    ]

    private static func isRight(_ evidence: Evidence) -> Bool {
        guard let row = evidence.row, let aggregate = evidence.aggregate else { return false }
        return row == aggregate.digest || evidence.isSameInMeaning
    }

    /// Nobody looked at the signals: only a parked record gives a cause.
    private static func aggregateCause(_ evidence: Evidence) -> Cause? {
        let table: [(Bool, Cause?)] = [
            (evidence.parked[.aggregator] != nil, evidence.parked[.aggregator].map { .parked($0) }),
            (evidence.parked[.intake] != nil, evidence.parked[.intake].map { .parked($0) }),
            (evidence.isSignalledSince == nil, nil),
            (evidence.isSignalledSince == true, .signalledNeverAggregated),
            (evidence.isEncodingChanged, .encodingChanged),
            (true, .noChangeEventSeen),
        ]
        return table.first { $0.0 }?.1
    }

    /// What the aggregate topic, the ledger and the God topic say of each other.
    private static let godRules: [Rule] = [
        Rule {
            $0.aggregate == nil && $0.god == nil
        } verdict: { _ in
            nil
        },
        Rule {
            $0.aggregate == nil
        } verdict: {
            (.extra, parkedOr(.tombstoneMissing, $0))
        },
        Rule {
            $0.god == nil && $0.production?.godDigest != nil
        } verdict: { _ in
            (.missing, .producedThenAbsent)
        },
        Rule {
            $0.god == nil
        } verdict: {
            (.missing, parkedOr(.aggregatedNeverEnriched, $0))
        },
        Rule {
            $0.production == nil
        } verdict: { _ in
            (.stale, .notInLedger)
        },
        Rule {
            holdsAnOlderRecordThanTheLedger($0)
        } verdict: { _ in
            (.stale, .producedThenAbsent)
        },
        Rule {
            $0.god?.address != $0.production?.god || $0.god?.digest != $0.production?.godDigest
        } verdict: { _ in
            (.stale, .notInLedger)
        },
        Rule {
            $0.aggregate?.digest != $0.production?.aggregateDigest
        } verdict: {
            (.stale, parkedOr(.aggregatedNeverEnriched, $0))
        },
        Rule {
            $0.parked[.enricher] != nil
        } verdict: {
            (.stale, $0.parked[.enricher].map { .parked($0) })
        },
        Rule {
            $0.isMappingChanged
        } verdict: { _ in
            (.stale, .mappingChangedSince)
        },
        Rule { _ in
            true
        } verdict: { _ in
            nil
        },
    ]

    private static func holdsAnOlderRecordThanTheLedger(_ evidence: Evidence) -> Bool {
        guard let god = evidence.god?.address, let production = evidence.production?.god else { return false }
        return god.partition == production.partition && god.offset < production.offset
    }

    private static func parkedOr(_ cause: Cause, _ evidence: Evidence) -> Cause {
        evidence.parked[.enricher].map { .parked($0) } ?? cause
    }
}
