/// What the aggregate query yielded for some users in one consistent snapshot.
public struct SnapshotRows: Sendable, Equatable {
    /// A lower bound of what the snapshot saw: every transaction before it is in. Nil where the server cannot say.
    public var position: SourcePosition?
    /// The canonical bytes of each user's row. A user who is in neither list has no row.
    public var rows: [UserID: [UInt8]]
    /// Users whose rows cannot be used.
    public var failures: [UserID: RowFailure]

    /// The id of the query and the encoding that the rows are written in; nil where nobody said.
    public var encodingID: String?

    /// Everyone of whom there is a row, usable or not. Not all of them need have been asked for.
    public var users: Set<UserID> { Set(rows.keys).union(failures.keys) }

    public init(position: SourcePosition?, rows: [UserID: [UInt8]] = [:], failures: [UserID: RowFailure] = [:]) {
        self.position = position
        self.rows = rows
        self.failures = failures
    }
}

/// Why a user's row cannot be used.
public struct RowFailure: Error, Sendable, Equatable {
    public var reason: ParkReason
    public var message: String

    public init(_ reason: ParkReason, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
