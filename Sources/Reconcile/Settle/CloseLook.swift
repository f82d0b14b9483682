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

    init(_ settings: VerifySettings, _ source: any SourcePort, _ roll: Roll, _ comparison: FieldComparison) {
        self.settings = settings
        self.source = source
        self.roll = roll
        values = AggregateValues(roll, comparison)
    }

    /// The users' rows, in the users' order. Whoever cannot be asked for, because the row's id is none of the declared type, stays what
    /// the scan saw: a query for the text that stands for such an id finds nothing, and absence would look like health.
    func rows(of users: [SuspectUser]) throws -> [SeenRow] {
        var rows = users.map { SeenRow(digest: $0.known.row) }
        let askable = users.indices.filter { isAskable(users[$0].known) }
        for start in stride(from: 0, to: askable.count, by: settings.settleBatchRows) {
            let some = askable[start..<min(start + settings.settleBatchRows, askable.count)]
            let found = try source.rows(of: some.map { users[$0].known.user })
            for index in some {
                let user = users[index].known.user
                rows[index] = SeenRow(digest: found.digest(of: user), bytes: found.rows[user])
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
