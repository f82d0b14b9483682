import Glibc

/// "One process ever": an advisory lock on a file of its own beside the file that it guards.
///
/// `flock` belongs to the open file, so the kernel releases it when the process ends, however it ends, and a lock file that is
/// left behind means nothing. The file is therefore never removed: a second process could otherwise lock a file that has no
/// name any more. The lock is not on the guarded file itself, because closing any descriptor of an SQLite database drops
/// SQLite's own locks (<https://www.sqlite.org/howtocorrupt.html>, section 2.2).
public final class FileLock: Sendable {
    /// The lock file: the guarded file's name with `.lock` added.
    public let path: String
    private let descriptor: Int32

    /// Takes the lock, or fails at once.
    ///
    /// - Parameter guarded: The file that the holder wants for itself. Symbolic links are followed, so that two names of one
    ///   file have one lock.
    /// - Throws: ``LedgerError``: `locked`, with what the holder wrote about itself, or `inaccessible`.
    public init(guarding guarded: String) throws(LedgerError) {
        let path = canonicalPath(guarded) + ".lock"
        // Close-on-exec, because a child that inherits the descriptor would keep the lock after this process has ended.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw LedgerError(.inaccessible, path: guarded, "cannot create the lock file \(path): \(errnoText())")
        }
        let reason = Self.acquire(descriptor)
        guard reason == 0 else {
            let holder = Self.readHolder(descriptor)
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw LedgerError(.inaccessible, path: guarded, "cannot lock \(path): \(errnoText(reason))")
            }
            throw LedgerError(
                .locked, path: guarded, "in use by another process (\(holder)); stop it first, or give another path")
        }
        self.path = path
        self.descriptor = descriptor
        Self.writeHolder(descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// Takes the lock; 0, or the error's number.
    ///
    /// A process that another thread is just starting holds a copy of every descriptor from its fork to its exec, and with it a
    /// lock that its owner has already given up. That lasts for a moment, so a refusal is tried again for a moment.
    private static func acquire(_ descriptor: Int32) -> Int32 {
        for _ in 0..<patience.attempts {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return 0 }
            guard errno == EWOULDBLOCK else { return errno }
            usleep(patience.pauseMicroseconds)
        }
        return EWOULDBLOCK
    }

    private static let patience = (attempts: 25, pauseMicroseconds: UInt32(10_000))

    /// What the holder of a lock wrote about itself.
    private static func readHolder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").first
        return text.map(String.init) ?? "it did not say which"
    }

    /// For people only: no decision depends on it, so a failure to write it is no failure to lock.
    private static func writeHolder(_ descriptor: Int32) {
        var name = [CChar](repeating: 0, count: 256)
        let host = gethostname(&name, name.count - 1) == 0 ? text(name) : "unknown"
        let program = CommandLine.arguments.prefix(2).map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        let line = Array("pid \(getpid()) on \(host), \(program.joined(separator: " ")), since \(utcNow())\n".utf8)
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = pwrite(descriptor, line, line.count, 0)
    }
}

/// The path without symbolic links; of a file that does not exist yet, its directory's with the name added.
private func canonicalPath(_ path: String) -> String {
    if let resolved = realpath(path, nil) {
        defer { free(resolved) }
        return String(cString: resolved)
    }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let name = parts.last.map(String.init) ?? path
    let directory = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : "."
    guard let resolved = realpath(directory, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved) + "/" + name
}

/// The time in UTC to the second, for people: `2026-11-22T03:15:00Z`.
private func utcNow() -> String {
    var now = time(nil)
    var parts = tm()
    gmtime_r(&now, &parts)
    var characters = [CChar](repeating: 0, count: 32)
    strftime(&characters, characters.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return text(characters)
}

func errnoText(_ code: Int32 = errno) -> String {
    String(cString: strerror(code))
}

private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
