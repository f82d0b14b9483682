import CFaultyVFS
import Testing

/// A disk that fails in a chosen call, under the files of one test.
final class FaultyDisk {
    enum Fault: Sendable, CaseIterable {
        case fullDisk, writeError, shortWrite, failedSync, readError, failedTruncate, cannotOpen

        fileprivate var operation: faulty_operation {
            switch self {
            case .fullDisk, .writeError, .shortWrite: faulty_write
            case .failedSync: faulty_sync
            case .readError: faulty_read
            case .failedTruncate: faulty_truncate
            case .cannotOpen: faulty_open
            }
        }

        /// Result codes of SQLite (https://www.sqlite.org/rescode.html).
        fileprivate var code: Int32 {
            switch self {
            case .fullDisk: 13  // SQLITE_FULL
            case .writeError, .shortWrite: 778  // SQLITE_IOERR_WRITE
            case .failedSync: 1034  // SQLITE_IOERR_FSYNC
            case .readError: 266  // SQLITE_IOERR_READ
            case .failedTruncate: 1546  // SQLITE_IOERR_TRUNCATE
            case .cannotOpen: 14  // SQLITE_CANTOPEN
            }
        }
    }

    private let part: String

    /// - Parameter part: What the paths of the files contain, and no others.
    init(under part: String) throws {
        self.part = part
        try #require(faulty_vfs_install() == 0)
    }

    /// Lets the disk fail from its call number `after` on: once, or until it is mended.
    func fail(_ fault: Fault, after: Int, forEver: Bool) {
        // Half of a page, which is what a disk may have taken when the power went.
        faulty_vfs_arm(
            part, Int32(fault.operation.rawValue), Int32(after), forEver ? -1 : 1, fault.code, fault == .shortWrite ? 2_048 : 0)
    }

    /// - Returns: How often a call failed.
    @discardableResult
    func mend() -> Int { Int(faulty_vfs_disarm(part)) }

    deinit { mend() }
}
