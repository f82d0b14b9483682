import Domain

/// Turns settled suspects into findings: names causes and fields, and drops what can no longer be proven.
struct FindingBuilder {
    private let roll: Roll
    private let causes: CauseFinder

    /// Findings of a run, and suspects whose proof is gone.
    struct Outcome {
        var findings: [Finding] = []
        var unprovable: [Suspect] = []
    }

    init(_ roll: Roll, causes: CauseFinder) {
        self.roll = roll
        self.causes = causes
    }

    /// A suspect that was confirmed, with what the last look saw.
    struct Confirmed {
        var suspect: Suspect
        var mismatches: [Mismatch]
        var evidence: Evidence
        var row: [UInt8]?
    }

    func build(_ confirmed: [Confirmed]) throws -> Outcome {
        var evidence: [UserID: Evidence] = [:]
        for item in confirmed where item.suspect.stage == .aggregate && item.mismatches.contains(where: { $0.cause == nil }) {
            evidence[item.suspect.user] = item.evidence
        }
        try causes.complete(&evidence)
        let values = try fetchValues(confirmed)
        var outcome = Outcome()
        for item in confirmed.sorted(by: {
            ($0.suspect.user, $0.suspect.stage.rawValue) < ($1.suspect.user, $1.suspect.stage.rawValue)
        }) {
            guard isProvable(item, values) else {
                outcome.unprovable.append(item.suspect)
                continue
            }
            let known = evidence[item.suspect.user] ?? item.evidence
            for mismatch in roll.mismatches(known) where mismatch.stage == item.suspect.stage {
                outcome.findings.append(
                    Finding(
                        user: item.suspect.user, stage: mismatch.stage, kind: mismatch.kind, cause: mismatch.cause,
                        fields: fields(mismatch, item, values), evidence: known))
            }
        }
        return outcome
    }

    /// The topic values that findings rest on, by stage and address; nil for a value that is there but belongs to a tombstone.
    private struct Values {
        var found: [Stage: [RecordAddress: [UInt8]]] = [.aggregate: [:], .god: [:]]
    }

    private func fetchValues(_ confirmed: [Confirmed]) throws -> Values {
        var values = Values()
        let aggregates = confirmed.compactMap { $0.suspect.stage == .aggregate ? $0.evidence.aggregate?.address : nil }
        try roll.aggregate.fetch(Set(aggregates)) { values.found[.aggregate]?[$0] = $1.value }
        let gods = confirmed.compactMap { $0.suspect.stage == .god ? $0.evidence.god?.address : nil }
        try roll.god?.fetch(Set(gods)) { values.found[.god]?[$0] = $1.value }
        return values
    }

    /// A topic value supports a finding only if it can be read again where it was: compaction may have removed it, and then
    /// something newer took its place.
    private func isProvable(_ item: Confirmed, _ values: Values) -> Bool {
        let record = item.suspect.stage == .aggregate ? item.evidence.aggregate : item.evidence.god
        guard let record else { return true }
        guard let value = values.found[item.suspect.stage]?[record.address] else { return false }
        return Digest(of: value) == record.digest
    }

    private func fields(_ mismatch: Mismatch, _ item: Confirmed, _ values: Values) -> [String] {
        guard mismatch.stage == .aggregate, mismatch.kind == .stale, let row = item.row,
            let address = item.evidence.aggregate?.address, let value = values.found[.aggregate]?[address]
        else { return [] }
        return differingFields(row, value) ?? []
    }
}
