import Glibc

/// The directory under which every run has one of its own, and the system calls on it.
struct ReportDirectory: Sendable {
    let path: String

    /// The prefix of directories that are being written; whatever lists runs passes over them.
    static let temporaryPrefix = ".tmp-"
    static let latestName = "latest"

    init(path: String) {
        let trimmed = path.utf8.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.path = trimmed.isEmpty ? "." : trimmed
    }

    func path(of run: RunID) -> String { "\(path)/\(run.text)" }
    func temporaryPath(of run: RunID) -> String { "\(path)/\(Self.temporaryPrefix)\(run.text)" }
    var frontPagePath: String { "\(path)/index.html" }
    var latestPath: String { "\(path)/\(Self.latestName)" }

    /// Creates the directory, and those above it that are missing, for their owner only.
    func create() throws(ReportError) {
        var ancestors: [String] = []
        var ancestor = path
        while !Self.isDirectory(ancestor) {
            ancestors.append(ancestor)
            guard let slash = ancestor.lastIndex(of: "/"), slash != ancestor.startIndex else { break }
            ancestor = String(ancestor[..<slash])
        }
        for missing in ancestors.reversed() where mkdir(missing, 0o700) != 0 && errno != EEXIST {
            throw .system(writing: missing)
        }
        guard Self.isDirectory(path) else {
            throw ReportError(.notWritable, path: path, "is not a directory; name another one as the reports directory")
        }
    }

    /// Makes a directory's entries outlive a power failure.
    static func sync(_ path: String) throws(ReportError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(writing: path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(writing: path) }
    }

    static func move(_ from: String, to: String) throws(ReportError) {
        guard rename(from, to) == 0 else { throw .system(writing: to) }
    }

    /// Lets `latest` point at the run, in one step: whoever reads it finds the old run or the new one, never none.
    func pointLatest(at run: RunID) throws(ReportError) {
        let temporary = "\(path)/.latest-\(run.text)"
        unlink(temporary)
        guard symlink(run.text, temporary) == 0 else { throw .system(writing: temporary) }
        guard rename(temporary, latestPath) == 0 else {
            let error = ReportError.system(writing: latestPath)
            unlink(temporary)
            throw error
        }
    }

    /// The names in a directory, unsorted.
    static func names(in path: String) throws(ReportError) -> [String] {
        guard let stream = opendir(path) else { throw .system(reading: path) }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .system(reading: path) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Removes a file, or a directory with all that it holds, as far as they can be removed. Links are removed, not followed.
    static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? names(in: path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }
}
