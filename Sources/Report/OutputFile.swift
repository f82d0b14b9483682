import Glibc

/// A file that is written from its beginning to its end, through a buffer of fixed size.
struct OutputFile: ~Copyable {
    let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// Large enough that a million findings are some thousands of writes.
    private static let bufferBytes = 64 * 1024

    /// Creates a file that nobody but its owner can read, whatever the umask; one that exists already is an error.
    init(creating path: String) throws(ReportError) {
        try self.init(path, flags: O_CREAT | O_EXCL)
    }

    init(_ path: String, flags: Int32) throws(ReportError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0o600)
        guard descriptor >= 0 else { throw .system(writing: path) }
        if flags & O_CREAT != 0, fchmod(descriptor, 0o600) != 0 {
            let error = ReportError.system(writing: path)
            close(descriptor)
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        buffer.reserveCapacity(Self.bufferBytes)
    }

    deinit { close(descriptor) }

    mutating func write(_ bytes: some Collection<UInt8>) throws(ReportError) {
        if buffer.count + bytes.count > Self.bufferBytes { try flush() }
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    mutating func write(_ text: String) throws(ReportError) { try write(text.utf8) }

    /// Writes what is buffered, and returns when the disk has it.
    mutating func sync() throws(ReportError) {
        try flush()
        guard fsync(descriptor) == 0 else { throw .system(writing: path) }
    }

    private mutating func flush() throws(ReportError) {
        var written = 0
        while written < buffer.count {
            let count = buffer[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(writing: path)
            }
            written += count
        }
        buffer.removeAll(keepingCapacity: true)
    }
}

extension ReportError {
    /// The error that the last system call left, for something that was to be written.
    static func system(writing path: String) -> ReportError {
        let number = errno
        let what = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT:
            return ReportError(.noSpace, path: path, "cannot be written: \(what); free some space, or move the reports directory")
        case EEXIST, ENOTEMPTY:
            return ReportError(.alreadyExists, path: path, "is there already; move it away, or run again for a new run id")
        default:
            return ReportError(
                .notWritable, path: path,
                "cannot be written: \(what); check the owner and the mode of the reports directory, or name another one")
        }
    }

    /// The error that the last system call left, for something that was to be read.
    static func system(reading path: String) -> ReportError {
        let number = errno
        let what = String(cString: strerror(number))
        if number == ENOENT {
            return ReportError(.notFound, path: path, "is not there; `rollcall report list` names the runs that are")
        }
        return ReportError(.notReadable, path: path, "cannot be read: \(what); check its owner and mode")
    }
}
