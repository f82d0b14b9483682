import Domain
import SQLite
import Synchronization

/// The one writer of a ledger, shared by all workers of a process.
///
/// ```swift
/// let ledger = try LedgerWriter(path: "ledger.sqlite", godTopic: "god")
/// try ledger.append(productions)      // durable when it returns
/// ```
///
/// **Group commit.** A commit costs one sync of the disk, whatever its size. A batch that arrives while another one is being
/// committed waits, and the first of those that waited commits all of them in one transaction. Two mutexes are all that it
/// takes: a batch is put into `waiting`, and then its thread queues for `connection`; who gets that one either finds its
/// batch committed by somebody else, or takes all that wait and commits them. No batch can be forgotten, because each thread
/// puts its batch down before it queues, and leaves only with an outcome.
///
/// The connection is not Sendable; `Mutex` owns it, and lends it to one thread at a time. The compiler checks that.
public final class LedgerWriter: Sendable {
    /// The ledger file.
    public let path: String
    /// What the ledger says of itself.
    public let identity: LedgerIdentity

    private let waiting: Mutex<WaitingBatches>
    private let connection: Mutex<LedgerConnection>

    /// Opens the ledger, creates it where there is none, and upgrades an older one.
    ///
    /// - Parameters:
    ///   - godTopic: The topic whose records it lists; a ledger serves one topic for ever.
    ///   - godTopicID: The broker's id of the topic, where it is known.
    /// - Throws: ``LedgerError``: `locked` by another process, `notOurs`, `newerSchema`, `otherTopic`, `damaged`,
    ///   `inaccessible`.
    public convenience init(path: String, godTopic: String, godTopicID: String? = nil) throws {
        try self.init(path: path, godTopic: godTopic, godTopicID: godTopicID, maximumPages: nil)
    }

    /// - Parameter maximumPages: The size at which the file counts as full; for tests of a full disk.
    init(path: String, godTopic: String, godTopicID: String?, maximumPages: Int?) throws {
        let lock = try FileLock(guarding: path)
        let database = try FileFormat.ledger.openForWriting(path)
        self.path = path
        self.identity = try translatingErrors {
            try LedgerIdentity.establish(in: database, godTopic: godTopic, godTopicID: godTopicID)
        }
        let ends = try translatingErrors { try LedgerConnection.readHighestGodOffsets(database) }
        if let maximumPages { try translatingErrors { try database.execute("PRAGMA max_page_count = \(maximumPages)") } }
        waiting = Mutex(WaitingBatches())
        connection = Mutex(LedgerConnection(path: path, database: database, lock: lock, highestGodOffsets: ends))
    }

    /// Appends productions, and returns when they are durable. Called from any thread.
    ///
    /// - Throws: ``LedgerError``. None of these productions is in the ledger then; where the error `isRetriable`, such as on
    ///   a full disk, the same call may be made again.
    public func append(_ productions: [Production]) throws {
        guard !productions.isEmpty else { return }
        let ticket = waiting.withLock { $0.add(productions) }
        try connection.withLock { connection in
            if let outcome = connection.takeOutcome(of: ticket) { return outcome }
            let batches = waiting.withLock { $0.takeAll() }
            let outcome = connection.commit(batches.flatMap(\.productions))
            for batch in batches where batch.ticket != ticket {
                connection.leave(outcome, for: batch.ticket)
            }
            return outcome
        }.get()
    }

    /// The highest God offset recorded in each partition. What the God topic holds past them was acknowledged just before a
    /// crash, and is still to be recorded.
    ///
    /// - Throws: ``LedgerError``: `closed`.
    public func highestGodOffsets() throws -> [Int32: Int64] {
        try connection.withLock { try $0.open().highestGodOffsets }
    }

    /// Deletes the productions that a newer one of the same user in the same partition has superseded.
    ///
    /// Appends wait meanwhile. See ``PruneOutcome`` for what becomes of the file's size.
    ///
    /// - Throws: ``LedgerError``.
    public func prune() throws -> PruneOutcome {
        try connection.withLock { connection in
            let path = connection.path
            return try translatingErrors { try pruneLedger(connection.open().database, path: path) }
        }
    }

    /// Lends the open database to `body`, while appends wait.
    func withOpenDatabase<Result: Sendable>(_ body: @Sendable (Database, String) throws -> Result) throws -> Result {
        try connection.withLock { connection in
            let path = connection.path
            return try translatingErrors { try body(connection.open().database, path) }
        }
    }

    /// Closes the file and gives up the lock; later calls throw `closed`. Also done when the writer is released.
    public func close() {
        connection.withLock { $0.close() }
    }

    deinit {
        close()
    }

    /// How many batches wait, while `body` keeps the connection from all of them; for tests of the group commit.
    func whileConnectionIsBusy(_ body: @Sendable (_ waitingCount: () -> Int) throws -> Void) rethrows {
        try connection.withLock { _ in
            try body { waiting.withLock { $0.count } }
        }
    }

    /// How many transactions were committed; for tests of the group commit.
    var commitCount: Int { connection.withLock { $0.commitCount } }
}

/// The batches that nobody has committed yet.
private struct WaitingBatches {
    private var batches: [(ticket: Int, productions: [Production])] = []
    private var lastTicket = 0

    var count: Int { batches.count }

    mutating func add(_ productions: [Production]) -> Int {
        lastTicket += 1
        batches.append((lastTicket, productions))
        return lastTicket
    }

    mutating func takeAll() -> [(ticket: Int, productions: [Production])] {
        defer { batches = [] }
        return batches
    }
}
