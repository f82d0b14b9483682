import Domain
import Report

/// The connector's committed source offset: the one sign of life that cannot lie.
enum SourceOffsetChecks {
    /// - Parameters:
    ///   - server: What the source says of itself; nil where it could not be asked.
    static func judge(_ offset: ConnectorHealth.Offset, server: ServerFacts?, nowMs: Int64, maximumAgeMs: Int64) -> [Check] {
        guard case .committed(let committed) = offset else { return [absent(offset)].compactMap { $0 } }
        return [
            age(committed, nowMs, maximumAgeMs), snapshot(committed), sameServer(committed, server), resumable(committed, server),
        ].compactMap { $0 }
    }

    private static let presence = Precondition(
        "connector.offset",
        why:
            "The fence of `verify` stands on the source offset that Connect commits, and a connector that says RUNNING can be dead: only "
            + "the offset's age tells.")

    private static func absent(_ offset: ConnectorHealth.Offset) -> Check? {
        switch offset {
        case .committed: nil
        case .none:
            presence.failure(
                "no source offset is committed for the connector",
                mend:
                    "rollcall connector status    # and compare connector.name, connector.server and connector.offsets_topic with Connect's"
            )
        case .unreadable(let reason): presence.unknown("source offset: \(reason)")
        }
    }

    private static func age(_ committed: CommittedSourceOffset, _ nowMs: Int64, _ maximumAgeMs: Int64) -> Check {
        let found = "source offset \(committed.offset.position)"
        guard let committedAtMs = committed.committedAtMs else { return presence.unknown("\(found), of unknown age") }
        let age = max(0, nowMs - committedAtMs)
        let aged = "\(found), committed \(PlainText.duration(milliseconds: age)) ago"
        guard age > maximumAgeMs else { return presence.ok(aged) }
        return presence.failure(
            "\(aged): the connector is dead, or has no heartbeats",
            mend:
                "rollcall connector apply --restart    # heartbeat.interval.ms has to be set; `rollcall connector status` shows failed tasks"
        )
    }

    private static func snapshot(_ committed: CommittedSourceOffset) -> Check? {
        guard committed.offset.isSnapshot else { return nil }
        return Precondition(
            "connector.snapshot",
            why: "Until its snapshot is complete the connector streams no change, and no fence can be passed."
        ).warning(
            "the connector is still copying the tables", mend: "rollcall connector status    # again, when it should be done")
    }

    private static func sameServer(_ committed: CommittedSourceOffset, _ server: ServerFacts?) -> Check? {
        guard let theirs = committed.offset.position.server, let ours = server?["server_id"].flatMap({ UInt64($0) }) else {
            return nil
        }
        let precondition = Precondition(
            "connector.server",
            why: "Positions of two servers cannot be compared: `verify` has to read from the server that the connector follows.")
        guard theirs != ours else { return precondition.ok("the connector follows the server that `verify` reads from") }
        return precondition.failure(
            "the connector follows server_id \(theirs), and source.mysql is server_id \(ours)",
            mend: "source.mysql.host in the settings, or database.hostname of the connector: one server for both")
    }

    private static func resumable(_ committed: CommittedSourceOffset, _ server: ServerFacts?) -> Check? {
        guard let files = server?.binlogFiles, !files.isEmpty else { return nil }
        guard let file = committed.offset.position.file else { return nil }
        let precondition = Precondition(
            "connector.resume",
            why: "A connector resumes at its offset; where that part of the binary log is gone it stops for good.")
        guard !files.contains(file) else { return precondition.ok("the binary log still holds the connector's position") }
        return precondition.failure(
            "the binary log no longer holds \(file), where the connector stands",
            mend: "rollcall connector apply --set connector.snapshot_mode=when_needed    # a new snapshot; then `rollcall verify`"
        )
    }
}
