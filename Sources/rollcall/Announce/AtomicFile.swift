import Glibc

/// A small file that is there as a whole, old or new, whoever looks and whenever the machine goes down.
enum AtomicFile {
    /// Writes the bytes under a temporary name beside the file, syncs them and renames.
    ///
    /// - Throws: ``CommandError``, which names the file.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws(CommandError) {
        // The name does not end like the file's: an exporter that reads *.prom passes over it.
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw failure(path) }
        do throws(CommandError) {
            defer { close(descriptor) }
            // The umask of this process takes away what others are meant to have.
            guard fchmod(descriptor, mode) == 0 else { throw failure(path) }
            try writeAll(bytes, to: descriptor, path)
            guard fsync(descriptor) == 0 else { throw failure(path) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = failure(path)
            unlink(temporary)
            throw error
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(CommandError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { throw failure(path) }
            rest = rest.dropFirst(max(0, count))
        }
    }

    private static func failure(_ path: String) -> CommandError {
        // The file itself need not be there, so it is its directory that is missing.
        let reason = errno == ENOENT ? "there is no such directory" : String(cString: strerror(errno))
        return CommandError("\(path): \(reason)")
    }
}
