import Glibc

/// A temporary file whose name is taken away as soon as it is open: it is gone with its descriptor, however the process ends.
final class SpillFile: Sendable {
    private let descriptor: Int32
    private let directory: String

    /// - Throws: ``ReconcileError/temporaryFile(directory:reason:)``.
    init(in directory: String) throws(ReconcileError) {
        self.directory = directory
        // mkstemp writes a name that is not taken in the place of the six X, and creates it for this user alone.
        var name = Array("\(directory)/rollcall-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Self.failure(in: directory) }
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// The directory that people keep large temporary files in: `TMPDIR`, or `/var/tmp`, because `/tmp` is often memory.
    static var defaultDirectory: String {
        guard let named = getenv("TMPDIR"), named[0] != 0 else { return "/var/tmp" }
        return String(cString: named)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ReconcileError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(in: directory) }
            done += count
        }
    }

    /// Fills the whole buffer.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ReconcileError) {
        guard try read(atMost: bytes, at: offset) == bytes.count else {
            throw .temporaryFile(directory: directory, reason: "it is shorter than what was written")
        }
    }

    /// Fills the buffer as far as the file goes, and returns how far that is.
    func read(atMost bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws(ReconcileError) -> Int {
        var done = 0
        while done < bytes.count {
            let count = pread(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(in: directory) }
            guard count > 0 else { break }
            done += count
        }
        return done
    }

    private static func failure(in directory: String) -> ReconcileError {
        .temporaryFile(directory: directory, reason: String(cString: strerror(errno)))
    }
}
