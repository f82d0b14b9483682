import Domain

/// A reader has to know which changes it has seen.
enum SnapshotPositionCheck {
    private static let precondition = Precondition(
        "query.snapshot_position",
        why:
            "Only a snapshot of known position proves that the row is not older than the event that led to it, and up to where a verdict "
            + "holds.")

    /// - Parameter isAccepted: Whether the settings give the promise up that rests on it.
    static func judge(_ position: SourcePosition?, isAccepted: Bool = false) -> Check {
        guard let position else {
            let found = "the server does not tell the position of a snapshot"
            let mend = "gtid_mode = ON and enforce_gtid_consistency = ON in my.cnf (MySQL), log_bin (MariaDB)"
            guard isAccepted else { return precondition.failure(found + ", and `stream` does not start on it", mend: mend) }
            return precondition.warning(
                found
                    + "; pipeline.accept_unknown_position is on, so an event that comes before its row may leave an old aggregate",
                mend: mend)
        }
        return precondition.ok("a snapshot tells its position, now \(position)")
    }
}
