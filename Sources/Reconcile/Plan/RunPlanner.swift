import Domain
import Ledger

/// Decides whom a run looks at, and says why it has to be everyone where less was asked for.
struct RunPlanner {
    private let settings: VerifySettings
    private let plan: PlanSettings
    private let memory: MemoryPlan
    private let ports: any ReconcilePorts
    private let earlier: any EarlierRuns

    /// Why a run has to look at everyone.
    private struct NeedsEveryone: Error {
        var reason: String

        init(_ reason: String) { self.reason = reason }
    }

    init(
        _ settings: VerifySettings, _ plan: PlanSettings, _ memory: MemoryPlan, _ ports: any ReconcilePorts,
        _ earlier: any EarlierRuns
    ) {
        self.settings = settings
        self.plan = plan
        self.memory = memory
        self.ports = ports
        self.earlier = earlier
    }

    /// - Parameters:
    ///   - start: How things stood when the run began.
    ///   - drain: Waits until the pipeline has passed on everything that the source holds by now.
    func make(start: Standing, drain: () throws -> FenceOutcome) throws -> RunPlan {
        guard plan.reach == .changed else { return .everyone(because: nil) }
        do {
            let (run, basis) = try findBasis()
            try check(basis, against: start)
            let fence = try drain()
            return .changed(try collect(run, basis, fence))
        } catch let error as NeedsEveryone {
            return .everyone(because: error.reason)
        } catch let error as TouchedUsers.NamesNobody {
            return .everyone(because: "a change event names nobody (\(error.reason))")
        } catch let error as DueUsers.TooMany {
            return .everyone(
                because: "more than \(error.limit) users are due, and so many are found sooner by looking at everyone")
        }
    }

    // MARK: - What an earlier run left

    private func findBasis() throws -> (run: String, basis: Baseline) {
        let runs = try earlier.bases()
        guard !runs.isEmpty else { throw NeedsEveryone("no complete run has gone before") }
        guard let (run, basis) = runs.first(where: { $0.baseline.question == settings.question }) else {
            throw NeedsEveryone("query, encoding, topics or stages are others than those of the runs before")
        }
        guard basis.runsSinceFull + 1 < plan.fullEvery else {
            throw NeedsEveryone("every \(plan.fullEvery) runs it is everyone's turn")
        }
        return (run, basis)
    }

    /// Offsets say something about a topic only as long as it is the same one and holds everything after them.
    private func check(_ basis: Baseline, against start: Standing) throws {
        for (name, now) in start.topics.sorted(by: { $0.key < $1.key }) {
            guard let then = basis.standing.topics[name] else {
                throw NeedsEveryone("topic `\(name)` was not read by the run before")
            }
            guard then.count == now.count else {
                throw NeedsEveryone("topic `\(name)` had \(then.count) partitions, and has \(now.count)")
            }
            for (partition, bounds) in now.sorted(by: { $0.key < $1.key }) {
                guard let before = then[partition] else {
                    throw NeedsEveryone("topic `\(name)` has a new partition \(partition)")
                }
                if bounds.end < before.end {
                    throw NeedsEveryone("topic `\(name)` was recreated: partition \(partition) ends before offset \(before.end)")
                }
                // Records that were removed from the end of what was read may have been the only ones of their users.
                let isWhole = isCompacted(name) ? bounds.low <= before.low : bounds.low <= before.end
                guard isWhole else {
                    throw NeedsEveryone(
                        "topic `\(name)`, partition \(partition), was cut off at offset \(bounds.low), which the run before did "
                            + "not reach or counted on")
                }
            }
        }
        let ids = Set(start.ledgers.map(\.id))
        guard ids == Set(basis.standing.ledgers.map(\.id)) else {
            throw NeedsEveryone("the ledgers are others than those of the run before")
        }
        for ledger in start.ledgers where ledger.lastID < basis.standing.lastID(of: ledger.id) ?? 0 {
            throw NeedsEveryone("a ledger ends before what the run before had read of it")
        }
    }

    /// Whether a topic holds the state of everyone, so that nothing may vanish from its beginning.
    private func isCompacted(_ topic: String) -> Bool { topic == settings.topics.aggregate || topic == settings.topics.god }

    // MARK: - Who is due

    private func collect(_ run: String, _ basis: Baseline, _ fence: FenceOutcome) throws -> ChangedPlan {
        let list = memory.listShape(directory: settings.temporaryDirectory)
        var due = DueUsers(kind: settings.userIDKind, list: list, limit: dueLimit(basis))
        // After the fence: whatever the source held when it was set has reached the topics by now.
        let standing = try Standing(settings, ports)
        try TouchedUsers(settings, ports, since: basis).collect(upTo: standing, into: &due)
        var persisting: Set<UserKey> = []
        try earlier.forEachWanting { user, stage in
            guard settings.stages.contains(stage) else { return }
            guard (try? settings.userIDKind.parse(user.text)) == user else {
                throw NeedsEveryone("an earlier finding is about an id that cannot be asked for, only met")
            }
            try due.add(user)
            persisting.insert(settings.userIDKind.key(user))
        }
        _ = try ports.parked().open { user, _ in try due.add(user) }
        let passed = fence.isPassed && fence.strength == .strong
        let sliceRows = sliceRows(basis, beside: due)
        return ChangedPlan(
            basisRun: run, basis: basis, due: due, slice: try slice(basis, rows: sliceRows), sliceRows: sliceRows,
            through: passed ? fence.position : nil,
            undrained: fence.blocked.map {
                "the pipeline did not drain before the run, so changes may be due that it does not know of (\($0.detail))"
            },
            persisting: persisting.count)
    }

    /// A key takes up to 48 bytes in a set that has just grown.
    private var heldKeys: Int { memory.tableBytes == .max ? .max : memory.tableBytes / 64 }

    private func dueLimit(_ basis: Baseline) -> Int {
        // Asking for users one by one costs the server twice as much as reading them in a row.
        max(100, min(heldKeys, basis.fullRows / 3))
    }

    /// Of texts, nothing but their keys tells which of them a slice holds. So their slices may be smaller, and come round less often; but
    /// however many users are due, there is room for a quarter of the keys.
    private func sliceRows(_ basis: Baseline, beside due: DueUsers) -> Int {
        let rows = max(1, (basis.fullRows * plan.slicePercent + 99) / 100)
        return settings.userIDKind == .string ? min(rows, max(100, heldKeys / 4, heldKeys - due.count)) : rows
    }

    private func slice(_ basis: Baseline, rows: Int) throws -> KeySlice {
        let source = try ports.source()
        defer { source.close() }
        var slice = KeySlice(after: basis.sliceAfter, through: basis.sliceAfter, kind: settings.userIDKind)
        var remaining = rows
        // In steps, because each counts its rows in one statement.
        while remaining > 0 {
            let step = min(remaining, settings.chunkRows)
            slice.through = try source.boundary(after: slice.through, rows: step)
            guard slice.through != nil else { break }
            remaining -= step
        }
        guard slice.after != nil || slice.through != nil else {
            throw NeedsEveryone("the keys cannot be cut into slices, or one slice holds them all (source.users_table)")
        }
        return slice
    }
}
