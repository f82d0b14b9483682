import Domain
import Ledger

/// One part of all sides, side by side.
struct ComparedPart {
    private let sides: Comparison.Sides
    private let part: Int
    private let settings: VerifySettings
    private let limitBytes: Int
    /// The keys of those who are judged and not counted.
    private let twins: Set<UserKey>
    private var table: RollTable
    /// Records and productions that are not at their user's home: few, as a rule, and so not in the table.
    private var elsewhere: [UserKey: Elsewhere] = [:]
    private var elsewhereBytes = 0
    private var parked: [UserKey: Parked] = [:]
    private var productionsElsewhere = NewestProductions()
    private var contradictions = 0

    private struct Elsewhere {
        var user: UserID
        var aggregate = KnownRecords()
        var god = KnownRecords()
    }

    private struct Parked {
        var user: UserID
        var entries = OpenParkings()
    }

    /// What a record elsewhere, or a parked one, takes, by and large: its key, its place in two dictionaries and their room to grow.
    private static let elsewhereBytesEach = 512

    /// - Throws: `RollTable.Full` when the part takes more memory than the limit.
    init(
        _ sides: Comparison.Sides, _ part: Int, _ settings: VerifySettings, limitBytes: Int, twins: Set<UserKey>
    ) throws {
        self.twins = twins
        self.sides = sides
        self.part = part
        self.settings = settings
        self.limitBytes = limitBytes
        let all = [sides.source, sides.aggregate, sides.god, sides.ledger, sides.parked].compactMap { $0 }
        table = try RollTable(
            expected: max(sides.source.count(in: part), min(sides.aggregate.count(in: part), 1_024)),
            isWide: all.contains { $0.isWide(in: part) }, judgesGod: sides.god != nil, limitBytes: limitBytes)
        try sides.source.forEach(in: part) { entry, _, position in
            table.putRow(entry, position, at: try table.place(of: entry.key))
        }
        try sides.aggregate.forEach(in: part) { entry, payload, position in
            let place = try table.place(of: entry.key)
            guard entry.traits.contains(.stray) else { return table.putAggregate(entry, position, at: place) }
            try putStray(entry, payload, \.aggregate, at: place)
        }
        try sides.god?.forEach(in: part) { entry, payload, position in
            let place = try table.place(of: entry.key)
            guard entry.traits.contains(.stray) else { return table.putGod(entry, position, at: place) }
            try putStray(entry, payload, \.god, at: place)
        }
        try sides.ledger?.forEach(in: part) { entry, payload, position in
            try putProduction(entry, payload, position, at: try table.place(of: entry.key))
        }
        try sides.parked.forEach(in: part) { entry, payload, _ in
            table.noteParked(at: try table.place(of: entry.key))
            let (user, parking) = try SpilledParked.entry(in: payload)
            parked[entry.key, default: Parked(user: user)].entries.note(parking)
            try countElsewhere(payload.count)
        }
    }

    private mutating func putStray(
        _ entry: SpillEntry, _ payload: UnsafeRawBufferPointer, _ topic: WritableKeyPath<Elsewhere, KnownRecords>, at place: Int
    ) throws {
        table.noteElsewhere(at: place)
        let key = Array(payload)
        if elsewhere[entry.key] == nil { elsewhere[entry.key] = Elsewhere(user: user(ofStray: key)) }
        elsewhere[entry.key]?[keyPath: topic].putStray(key, entry.record)
        try countElsewhere(key.count)
    }

    private func user(ofStray key: [UInt8]) -> UserID {
        settings.userIDKind.read(recordKey: key.span.bytes)?.user ?? UserID(String(decoding: key, as: UTF8.self))
    }

    /// - Parameter bytes: What it has of its own: a key, or a text, of any length.
    private mutating func countElsewhere(_ bytes: Int) throws {
        elsewhereBytes += Self.elsewhereBytesEach + bytes
        guard elsewhereBytes <= limitBytes else { throw RollTable.Full() }
    }

    private mutating func putProduction(
        _ entry: SpillEntry, _ payload: UnsafeRawBufferPointer, _ position: Spill.Position, at place: Int
    ) throws {
        guard !entry.traits.contains(.stray) else {
            table.noteElsewhere(at: place)
            productionsElsewhere.add(try SpilledLedger.production(in: Array(payload)))
            return try countElsewhere(payload.count)
        }
        let known = table.productionOffset(at: place)
        if let known, known >= entry.offset {
            if known == entry.offset { try checkContradiction(payload, at: place) }
            return
        }
        table.putProduction(entry, from: SpilledLedger.aggregateDigest(in: payload), position, at: place)
    }

    /// Two ledgers, or one, list the same record: they should say the same of it.
    private mutating func checkContradiction(_ payload: UnsafeRawBufferPointer, at place: Int) throws {
        guard !table.traits(at: place).contains(.contradicted), let position = table.productionPosition(at: place),
            let first = try sides.ledger?.entry(at: position, in: part)
        else { return }
        let second = try SpilledLedger.production(in: Array(payload))
        guard try !SpilledLedger.production(in: first.payload).agrees(with: second) else { return }
        table.noteContradiction(at: place)
        // A twin is shown the productions of its original, where they are counted.
        if !twins.contains(table.key(at: place)) { contradictions += 1 }
    }

    // MARK: - The judgement

    /// Judges everyone in the part.
    mutating func judge(
        _ totals: inout Comparison.Totals, _ picks: inout Picks, _ suspects: SuspectQueue, _ canaries: Canaries
    ) throws {
        let judgesGod = sides.god != nil
        for place in twins.compactMap({ table.find($0) }) { count(place, &totals, by: -1) }
        try table.forEachPlace { place in
            count(place, &totals, by: 1)
            if table.isPlainlyWell(at: place, judgesGod: judgesGod) {
                if table.traits(at: place).contains(.row) {
                    try picks.consider(table.key(at: place)) { try known(at: place) }
                }
                return
            }
            let user = try known(at: place)
            let evidence = user.evidence(parked: parked[table.key(at: place)]?.entries ?? OpenParkings())
            let stages = Set(Domain.judge(evidence).map(\.stage)).intersection(settings.stages)
            if !stages.isEmpty {
                canaries.noteSuspect(table.key(at: place))
                try suspects.add(SuspectUser(known: user, stages: stages))
            } else if user.row != nil {
                try picks.consider(table.key(at: place)) { user }
            }
        }
        for records in elsewhere.values {
            for stray in records.aggregate.strays { totals.aggregates.add(1, isLive: stray.record.digest != nil) }
            for stray in records.god.strays { totals.gods.add(1, isLive: stray.record.digest != nil) }
        }
        totals.contradictions += contradictions + productionsElsewhere.contradictions.count
    }

    private func count(_ place: Int, _ totals: inout Comparison.Totals, by weight: Int) {
        let traits = table.traits(at: place)
        if traits.contains(.row) { totals.rows += weight }
        if traits.contains(.aggregateLive) { totals.aggregatedUsers += weight }
        if traits.contains(.aggregate) { totals.aggregates.add(weight, isLive: traits.contains(.aggregateLive)) }
        if traits.contains(.god) { totals.gods.add(weight, isLive: traits.contains(.godLive)) }
        if traits.contains(.made) { totals.producedUsers += weight }
    }

    /// Everything that is known of the user at a place, read again from where it came.
    private func known(at place: Int) throws -> KnownUser {
        let key = table.key(at: place)
        let row = try table.rowPosition(at: place).map { try sides.source.entry(at: $0, in: part) }
        let aggregate = try table.aggregatePosition(at: place).map { try sides.aggregate.entry(at: $0, in: part) }
        let god = try table.godPosition(at: place).flatMap { try sides.god?.entry(at: $0, in: part) }
        let production = try table.productionPosition(at: place).flatMap { try sides.ledger?.entry(at: $0, in: part) }
        let made = try production.map { try SpilledLedger.production(in: $0.payload) }
        let strays = elsewhere[key]
        // An id that is no integer stands beside its hash wherever it came from.
        let text = [row, aggregate, god].compactMap { $0?.payload }.first { !$0.isEmpty }
        let user =
            (key.isWide ? nil : settings.userIDKind.user(canonicalBits: key.low))
            ?? text.map { UserID(String(decoding: $0, as: UTF8.self)) } ?? strays?.user ?? made?.user ?? parked[key]?.user
            ?? UserID("")
        var known = KnownUser(user: user, row: table.rowDigest(at: place))
        if table.traits(at: place).contains(.repeatedRow) {
            known.row = rowDigest(of: RowFailure(.duplicateRow, "\(user)"))
        }
        known.aggregate.home = aggregate?.entry.record
        known.aggregate.strays = strays?.aggregate.strays ?? []
        known.god.home = god?.entry.record
        known.god.strays = strays?.god.strays ?? []
        var productions = NewestProductions()
        for production in [made].compactMap({ $0 }) + productionsElsewhere[user] { productions.add(production) }
        known.productions = productions[user]
        return known
    }
}
