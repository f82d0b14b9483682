import Glibc

/// A file system of a given size in memory, so that "the disk is full" can be seen for real. Mounting takes privileges,
/// which not every machine gives.
public final class TinyDisk {
    /// Where it is mounted.
    public let path: String

    /// Whether this process may mount one, found out by doing it.
    public static let isAvailable: Bool = {
        // mkdtemp writes a name that is not taken in the place of the six X.
        var template = Array("/tmp/tiny-disk-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return false }
        let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(directory) }
        return TinyDisk(at: directory, size: "64k") != nil
    }()

    /// Mounts one; nil when this process may not.
    public init?(at path: String, size: String) {
        mkdir(path, 0o700)
        guard mount("none", path, "tmpfs", 0, "size=\(size)") == 0 else { return nil }
        self.path = path
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
    }

    /// Makes it larger.
    public func grow(to size: String) -> Bool {
        mount("none", path, "tmpfs", UInt(MS_REMOUNT), "size=\(size)") == 0
    }
}
