import Domain

/// Everyone's first judgement: who is to be settled, and how many there are. Part by part, so that it takes no more memory than the
/// run may have.
struct Comparison {
    /// The sides that are compared, parted alike.
    struct Sides {
        var source: Spill
        var aggregate: Spill
        /// Nil when only the aggregate stage is judged, as is the ledger.
        var god: Spill?
        var ledger: Spill?
        var parked: Spill

        var shape: Spill.Shape { source.shape }
    }

    /// Keys of a topic by what their newest record is.
    struct KeyCounts {
        var live = 0
        var tombstones = 0

        mutating func add(_ count: Int, isLive: Bool) {
            if isLive { live += count } else { tombstones += count }
        }
    }

    /// What the parts added up to.
    struct Totals {
        /// Users with a row.
        var rows = 0
        var aggregates = KeyCounts()
        var gods = KeyCounts()
        /// Users with an aggregate at its home.
        var aggregatedUsers = 0
        /// Users of whom a ledger lists a production.
        var producedUsers = 0
        /// God offsets that ledgers describe in different ways.
        var contradictions = 0

        /// Users who should be at a stage.
        func users(at stage: Stage) -> Int { stage == .aggregate ? rows : aggregatedUsers }
    }

    private let settings: VerifySettings
    private let canaries: Canaries
    private let twins: Set<UserKey>
    private let tableBytes: Int
    private(set) var totals = Totals()
    private(set) var picks: Picks
    let suspects: SuspectQueue

    /// Judges everyone in the source, the topics and the ledgers.
    ///
    /// - Parameters:
    ///   - canaries: Whom not to count.
    ///   - rows: How many rows the source has, by and large.
    init(
        _ settings: VerifySettings, _ plan: MemoryPlan, _ sides: Sides, canaries: Canaries, runID: String, rows: Int
    ) throws {
        self.settings = settings
        self.canaries = canaries
        twins = canaries.keys
        tableBytes = plan.tableBytes
        let list = plan.listShape(directory: settings.temporaryDirectory)
        picks = Picks(settings, runID: runID, users: rows, list: list)
        suspects = SuspectQueue(list: list)
        for part in 0..<sides.shape.parts { try compare(sides, part) }
    }

    private mutating func compare(_ sides: Sides, _ part: Int) throws {
        do {
            // Parts of parts end somewhere: users who share so many bits of their hash cannot be told apart by it any further.
            let isLast = sides.shape.usedBits + sides.shape.partBits >= 40
            var compared = try ComparedPart(sides, part, settings, limitBytes: isLast ? .max : tableBytes, twins: twins)
            try compared.judge(&totals, &picks, suspects, canaries)
        } catch is RollTable.Full {
            let parted = try sides.parted(part)
            for part in 0..<parted.shape.parts { try compare(parted, part) }
        }
    }
}

extension Comparison.Sides {
    /// A part that is too large, parted again by further bits of the hash.
    fileprivate func parted(_ part: Int) throws -> Comparison.Sides {
        var shape = shape
        shape.usedBits += shape.partBits
        shape.partBits = 3
        func spread(_ side: Spill) throws -> Spill {
            var parted = Spill(shape)
            try side.forEach(in: part) { entry, payload, _ in try parted.append(entry, payload: payload) }
            return parted
        }
        return Comparison.Sides(
            source: try spread(source), aggregate: try spread(aggregate), god: try god.map(spread),
            ledger: try ledger.map(spread), parked: try spread(parked))
    }
}
