import Glibc

/// A new ledger that takes the place of another one, or of none, when it is complete, and not before.
///
/// The new file is written beside the place. What was there before is kept under another name: a ledger can hold productions
/// that the topic has compacted away.
public final class LedgerReplacement {
    /// The new ledger, to be filled.
    public let writer: LedgerWriter
    private let path: String
    private let newPath: String
    /// Held throughout, so that no pipeline writes to the old file or starts on a half-finished place.
    private let lock: FileLock
    private var isDone = false

    /// The database itself and what SQLite keeps beside it.
    private static let suffixes = ["", "-wal", "-shm"]

    /// - Parameters:
    ///   - path: The place.
    ///   - replaces: Whether a ledger that is there may be replaced.
    /// - Throws: ``LedgerError``: `exists` where a file is there and may not be replaced, `locked` by a running pipeline, and what
    ///   opening a new file may throw.
    public init(path: String, godTopic: String, replaces: Bool) throws {
        guard replaces || access(path, F_OK) != 0 else {
            throw LedgerError(.exists, path: path, "a file is there already, and stays as it is")
        }
        lock = try FileLock(guarding: path)
        self.path = path
        newPath = path + ".rebuilding"
        // Left over by a rebuild that was killed.
        Self.remove(newPath)
        writer = try LedgerWriter(path: newPath, godTopic: godTopic)
    }

    /// Puts the new ledger in its place.
    ///
    /// - Returns: Where the old one is now; nil where there was none.
    /// - Throws: ``LedgerError``.
    public func finish() throws -> String? {
        writer.close()
        var oldPath: String?
        if access(path, F_OK) == 0 {
            let kept = path + ".replaced"
            Self.remove(kept)
            // The log first: what it holds belongs to the old file, and SQLite must never find it beside the new one.
            for suffix in Self.suffixes.reversed() where access(path + suffix, F_OK) == 0 {
                try move(path + suffix, to: kept + suffix)
            }
            oldPath = kept
        }
        try move(newPath, to: path)
        isDone = true
        unlink(newPath + ".lock")
        return oldPath
    }

    /// Throws away what was not finished.
    deinit {
        guard !isDone else { return }
        writer.close()
        Self.remove(newPath)
        unlink(newPath + ".lock")
    }

    private func move(_ from: String, to: String) throws(LedgerError) {
        guard rename(from, to) == 0 else {
            throw LedgerError(.inaccessible, path: from, "cannot be renamed to \(to): \(errnoText())")
        }
    }

    private static func remove(_ path: String) {
        for suffix in suffixes { unlink(path + suffix) }
    }
}
