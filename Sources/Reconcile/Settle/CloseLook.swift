import Domain

/// A user's row, as it was read.
struct SeenRow: Sendable {
    /// Nil when the query yields none.
    var digest: Digest?
    /// Its canonical bytes; nil where there are none, and where nobody could ask for them.
    var bytes: [UInt8]?
}

/// What one look saw of a user.
struct Sight: Sendable {
    var row: SeenRow
    var known: KnownUser
    /// What the newest aggregate says, where it had to be read.
    var value: ReadValue?
    var evidence = Evidence()
}

/// Looks closely at users whom the roll holds: first at their rows, and then at what topics, ledgers and parked records say.
struct CloseLook {
    private let settings: VerifySettings
    private let source: any SourcePort
    private let roll: Roll
    private let values: AggregateValues
    private let sizes: RowSizes

    init(
        _ settings: VerifySettings, _ source: any SourcePort, _ roll: Roll, _ comparison: FieldComparison, _ sizes: RowSizes
    ) {
        self.sizes = sizes
        self.settings = settings
        self.source = source
        self.roll = roll
        values = AggregateValues(roll, comparison)
    }

    /// The rows of the first of these users, in their order: of one at least, and of so many as may be settled together. Whoever cannot be
    /// asked for, because the row's id is none of the declared type, stays what the scan saw: a query for the text that stands for such an id
    /// finds nothing, and absence would look like health.
    ///
    /// - Parameter limitBytes: What the users whose rows are read may take, rows included; one answer may go beyond it.
    func rows(of users: [SuspectUser], limitBytes: Int = .max) throws -> [SeenRow] {
        var rows: [SeenRow] = []
        rows.reserveCapacity(users.count)
        var bytes = 0
        while rows.count < users.count, rows.isEmpty || bytes < limitBytes {
            let some = users[rows.count..<min(rows.count + sizes.usersPerQuery, users.count)]
            let askable = some.filter { isAskable($0.known) }.map(\.known.user)
            let found = askable.isEmpty ? SnapshotRows(position: nil) : try source.rows(of: askable)
            sizes.note(asked: some.count, found)
            let asked = Set(askable)
            for user in some.map(\.known) {
                let isAsked = asked.contains(user.user)
                let row =
                    isAsked
                    ? SeenRow(digest: found.digest(of: user.user), bytes: found.rows[user.user]) : SeenRow(digest: user.row)
                rows.append(row)
                bytes += MemoryPlan.settledUserBytes(rowBytes: row.bytes?.count ?? 0)
            }
        }
        return rows
    }

    private func isAskable(_ known: KnownUser) -> Bool {
        known.row != unreadableIDDigest && (try? settings.userIDKind.parse(known.user.text)) == known.user
    }

    /// What topics, ledgers and parked records say now of users whose rows were read before.
    func see(_ users: [SuspectUser], _ rows: [SeenRow]) throws -> [Sight] {
        try roll.catchUp()
        var sights: [Sight] = []
        sights.reserveCapacity(users.count)
        for (user, row) in zip(users, rows) {
            sights.append(Sight(row: row, known: roll.known(user.known.user, row: row.digest), value: user.value))
        }
        try values.read(&sights)
        for index in sights.indices {
            let parked = roll.parked.entries(of: sights[index].known.user)
            sights[index].evidence = sights[index].known.evidence(parked: parked, answered: sights[index].value?.answered)
            sights[index].evidence.isSameInMeaning = sights[index].value?.isSameInMeaning ?? false
        }
        return sights
    }
}
