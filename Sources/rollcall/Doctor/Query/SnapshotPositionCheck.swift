import Domain

/// A reader has to know which changes it has seen.
enum SnapshotPositionCheck {
    private static let precondition = Precondition(
        "query.snapshot_position",
        why:
            "Only a snapshot of known position proves that the row is not older than the event that led to it, and up to where a verdict "
            + "holds.")

    static func judge(_ position: SourcePosition?) -> Check {
        guard let position else {
            return precondition.warning(
                "the server does not tell the position of a snapshot (MariaDB and Percona Server do)",
                mend: "gtid_mode = ON and enforce_gtid_consistency = ON in my.cnf, so that GTIDs can bound it")
        }
        return precondition.ok("a snapshot tells its position, now \(position)")
    }
}
