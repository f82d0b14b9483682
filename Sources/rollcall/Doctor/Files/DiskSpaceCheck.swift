import Glibc
import Report

/// Ledger and reports need room.
enum DiskSpaceCheck {
    /// What is left for ordinary users of a file system.
    struct Space: Sendable, Equatable {
        var freeBytes: UInt64
        var totalBytes: UInt64
    }

    /// A ledger that takes in a thousand users a second grows by this in about ten minutes.
    static let leastFreeBytes: UInt64 = 100 << 20
    static let comfortableFreeBytes: UInt64 = 1 << 30

    static func judge(_ purpose: String, directory: String, _ space: Space?) -> Check {
        let precondition = Precondition(
            "files.space.\(purpose)",
            why: "On a full disk the pipeline stands still, for nothing is produced that cannot be written down.")
        guard let space else {
            return precondition.failure(
                "\(directory): there is no such directory, and none above it", mend: "mkdir -p \(directory)")
        }
        let found = "\(size(space.freeBytes)) free for the \(purpose) in \(directory)"
        let mend = "df -h \(directory)    # make room, or move \(purpose == "ledger" ? "ledger.path" : "reports.directory")"
        if space.freeBytes < leastFreeBytes { return precondition.failure(found, mend: mend) }
        if space.freeBytes < comfortableFreeBytes { return precondition.warning(found, mend: mend) }
        return precondition.ok(found)
    }

    /// The room in a directory, or in the nearest one above it that exists.
    static func measure(_ directory: String) -> Space? {
        var path = directory
        while true {
            var status = statvfs()
            if statvfs(path, &status) == 0 {
                return Space(
                    freeBytes: UInt64(status.f_bavail) * UInt64(status.f_frsize),
                    totalBytes: UInt64(status.f_blocks) * UInt64(status.f_frsize))
            }
            guard let slash = path.lastIndex(of: "/") else { return path == "." ? nil : measure(".") }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
            if path.isEmpty { return nil }
        }
    }

    /// `1.5 GB`
    static func size(_ bytes: UInt64) -> String {
        for (unit, factor) in [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where Double(bytes) >= factor {
            let tenths = Int(Double(bytes) / factor * 10)
            return tenths >= 100 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(bytes) B"
    }
}
