import Domain

/// Turns the confirmed suspects of one batch into findings: names causes and fields, and drops what can no longer be proven.
struct FindingBuilder {
    private let roll: Roll
    private let causes: CauseFinder
    private let comparison: FieldComparison
    private let origins: FieldOrigins
    /// Whether findings carry the values of the differing fields.
    private let reveals: Bool
    private let canaries: Canaries?

    /// Findings of a batch, and suspects whose proof is gone.
    struct Outcome {
        var findings: [Finding] = []
        var unprovable: [(suspect: Suspect, seen: Confirmation)] = []
    }

    init(
        _ roll: Roll, causes: CauseFinder, comparison: FieldComparison, origins: FieldOrigins, reveals: Bool,
        canaries: Canaries? = nil
    ) {
        self.canaries = canaries
        self.reveals = reveals
        self.origins = origins
        self.roll = roll
        self.causes = causes
        self.comparison = comparison
    }

    /// A suspect that was confirmed, and what the topics' records say of it when they are fetched.
    private struct Item {
        var suspect: Suspect
        var seen: Confirmation
        /// Records that the finding rests on and that have not been fetched yet.
        var unproven: Set<Place> = []
        /// The fields in which row and topic value differ; nil where they were not compared.
        var fields: [String]?
        /// What they hold, where findings carry that.
        var values: [FieldValues]?
    }

    /// A record of one of the two topics.
    private struct Place: Hashable {
        var topic: Stage
        var address: RecordAddress
    }

    func build(_ confirmed: [(suspect: Suspect, seen: Confirmation)]) throws -> Outcome {
        // Sorted by their places: what was seen is large, and to move it about would cost more than all comparisons.
        let order = confirmed.indices.sorted { left, right in
            let (mine, theirs) = (confirmed[left].suspect, confirmed[right].suspect)
            return (mine.user, mine.stage.rawValue) < (theirs.user, theirs.stage.rawValue)
        }
        var items = order.map { Item(suspect: confirmed[$0].suspect, seen: confirmed[$0].seen) }
        let provenance = try fetchAggregates(&items)
        try fetchGodObjects(&items)
        var evidence: [UserID: Evidence] = [:]
        for item in items where item.suspect.stage == .aggregate && item.seen.mismatches.contains(where: { $0.cause == nil }) {
            // Nobody ever signalled a canary, and the signals topic, which may be long, is not read to learn that.
            if canaries?.twin(named: item.suspect.user) != nil { continue }
            evidence[item.suspect.user] = item.seen.evidence
        }
        try causes.complete(&evidence, provenance: provenance)
        var outcome = Outcome()
        for item in items {
            guard item.unproven.isEmpty else {
                outcome.unprovable.append((item.suspect, item.seen))
                continue
            }
            let known = evidence[item.suspect.user] ?? item.seen.evidence
            for mismatch in roll.mismatches(known) where mismatch.stage == item.suspect.stage {
                let fields = mismatch.kind == .stale ? item.fields ?? [] : []
                // When all is written another way, no table's change is behind it.
                let tables = mismatch.cause == .encodingChanged ? [] : origins.tables(of: fields)
                outcome.findings.append(
                    Finding(
                        user: item.suspect.user, stage: mismatch.stage, kind: mismatch.kind, cause: mismatch.cause,
                        fields: fields, values: mismatch.kind == .stale ? item.values : nil,
                        tables: tables, homePartition: roll.home(of: item.suspect.user, at: mismatch.stage), evidence: known))
            }
        }
        return outcome
    }

    // MARK: - The records themselves

    /// A topic value supports a finding only if it can be read again where it was: compaction may have removed it, and then
    /// something newer took its place. Values are looked at one by one as they come, and never held together.
    ///
    /// That goes for the aggregate behind a finding at the God stage too: if the cleaner took it together with the tombstone that
    /// followed it, the God object is missing because it should be.
    private func fetchAggregates(_ items: inout [Item]) throws -> [UserID: AggregateProvenance] {
        var owners: [RecordAddress: [Int]] = [:]
        for (index, item) in items.enumerated() {
            let isOwnStage = item.suspect.stage == .aggregate
            let evidence = item.seen.evidence
            let needed = isOwnStage ? records(of: evidence, at: .aggregate) : [evidence.aggregate].compactMap { $0 }
            for record in needed { items[index].unproven.insert(Place(topic: .aggregate, address: record.address)) }
            let newest = isOwnStage ? item.seen.newestAggregate : nil
            for address in Set(needed.map(\.address) + [newest].compactMap { $0 }) {
                owners[address, default: []].append(index)
            }
        }
        var provenance: [UserID: AggregateProvenance] = [:]
        try roll.aggregate.tail.fetch(Set(owners.keys)) { address, record in
            for index in owners[address] ?? [] {
                prove(&items[index], address, record, at: .aggregate)
                guard items[index].suspect.stage == .aggregate else { continue }
                let made = AggregateProvenance { record.headers[$0] }
                if items[index].seen.newestAggregate == address { provenance[items[index].suspect.user] = made }
                if let row = items[index].seen.row, let value = record.value,
                    address == items[index].seen.evidence.aggregate?.address
                {
                    let fields = comparison.differingFields(row, value, isOwn: made.encoding != nil)
                    items[index].fields = fields
                    if reveals { items[index].values = FieldValues.of(fields ?? [], row: row, found: value) }
                }
            }
        }
        return provenance
    }

    private func fetchGodObjects(_ items: inout [Item]) throws {
        var owners: [RecordAddress: Int] = [:]
        for (index, item) in items.enumerated() where item.suspect.stage == .god {
            let needed = records(of: item.seen.evidence, at: .god)
            for record in needed {
                items[index].unproven.insert(Place(topic: .god, address: record.address))
                owners[record.address] = index
            }
        }
        try roll.god?.tail.fetch(Set(owners.keys)) { address, record in
            if let index = owners[address] { prove(&items[index], address, record, at: .god) }
        }
    }

    /// The live records that a verdict at a stage rests on.
    private func records(of evidence: Evidence, at stage: Stage) -> [LiveRecord] {
        let home = stage == .aggregate ? evidence.aggregate : evidence.god
        return [home].compactMap { $0 } + evidence.strays.filter { $0.stage == stage }.map(\.record)
    }

    private func prove(_ item: inout Item, _ address: RecordAddress, _ record: TopicValue, at stage: Stage) {
        guard let value = record.value,
            records(of: item.seen.evidence, at: stage).contains(where: { $0.address == address && $0.digest == Digest(of: value) }
            )
        else { return }
        item.unproven.remove(Place(topic: stage, address: address))
        // The comparison keeps no times; a finding tells since when its record has been lying there.
        if item.seen.evidence.aggregate?.address == address, stage == .aggregate {
            item.seen.evidence.aggregate?.timestampMs = record.timestampMs
        }
        if item.seen.evidence.god?.address == address, stage == .god { item.seen.evidence.god?.timestampMs = record.timestampMs }
    }
}
