import Glibc

/// The directory that a report is written to before it gets its name. It goes when this goes, unless it was published.
final class TemporaryDirectory {
    let path: String
    /// Open, and locked, as long as the directory is being written: so it can be told from one that a killed run left behind.
    private let descriptor: Int32
    private var isPublished = false

    init(in directory: ReportDirectory, run: RunID) throws(ReportError) {
        Self.removeAbandoned(in: directory)
        path = directory.temporaryPath(of: run)
        guard mkdir(path, 0o700) == 0 else { throw .system(writing: path) }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let error = ReportError.system(writing: path)
            rmdir(path)
            throw error
        }
        // An umask can have taken the owner's own rights away.
        guard fchmod(descriptor, 0o700) == 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = ReportError.system(writing: path)
            close(descriptor)
            rmdir(path)
            throw error
        }
    }

    deinit {
        if !isPublished { ReportDirectory.remove(path) }
        close(descriptor)
    }

    /// Gives the directory its final name.
    func publish(as final: String) throws(ReportError) {
        try ReportDirectory.sync(path)
        try ReportDirectory.move(path, to: final)
        isPublished = true
    }

    /// Moves its files over those of a directory that is there, each in one step, and removes what has no successor. A crash in
    /// the middle leaves files of both kinds and loses none.
    func replaceFiles(of final: String) throws(ReportError) {
        try ReportDirectory.sync(path)
        let successors = try ReportDirectory.names(in: path)
        for name in successors { try ReportDirectory.move("\(path)/\(name)", to: "\(final)/\(name)") }
        for name in Set(try ReportDirectory.names(in: final)).subtracting(successors + [RevealRecord.fileName]) {
            ReportDirectory.remove("\(final)/\(name)")
        }
        try ReportDirectory.sync(final)
    }

    /// Removes what killed runs left. A directory whose lock is held belongs to a run that is still going.
    static func removeAbandoned(in directory: ReportDirectory) {
        for name in (try? ReportDirectory.names(in: directory.path)) ?? []
        where name.hasPrefix(ReportDirectory.temporaryPrefix) {
            let path = "\(directory.path)/\(name)"
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            // Between a run's making the directory and locking it lie microseconds; a minute leaves no doubt.
            guard time(nil) - status.st_mtim.tv_sec > 60 else { continue }
            ReportDirectory.remove(path)
        }
    }
}
