import Domain
import Report

/// Whether a connector works: what Connect says of it, and whether its source offset moves on.
///
/// The state alone does not tell: a connector whose thread has died may go on saying RUNNING
/// (https://issues.redhat.com/browse/DBZ-7461).
struct ConnectorHealth: Sendable {
    enum Verdict: String, Sendable {
        case healthy
        case unhealthy
        /// It is said to run, and nothing tells whether it does.
        case unknown

        var exitStatus: ExitStatus {
            switch self {
            case .healthy: .success
            case .unhealthy: .differences
            case .unknown: .incomplete
            }
        }
    }

    /// What the offsets topic says.
    enum Offset: Sendable, Equatable {
        case committed(CommittedSourceOffset)
        case none
        case unreadable(String)
    }

    /// nil where Connect has no such connector.
    var status: ConnectorStatus?
    var offset: Offset
    var nowMs: Int64
    /// An older offset means that the connector is dead, whatever it says.
    var maximumAgeMs: Int64

    /// Milliseconds since the last commit; nil where it is not known. Never negative, whatever the clocks say.
    var ageMs: Int64? {
        guard case .committed(let offset) = offset, let committedAtMs = offset.committedAtMs else { return nil }
        return max(0, nowMs - committedAtMs)
    }

    var verdict: Verdict {
        guard let status, status.isRunning else { return .unhealthy }
        guard let ageMs else { return .unknown }
        return ageMs <= maximumAgeMs ? .healthy : .unhealthy
    }

    /// The last line of the text: what it comes to.
    var conclusion: String {
        guard let status else { return "there is no such connector; `rollcall connector apply` creates it" }
        if status.hasFailed { return "FAILED; mend the cause, then `rollcall connector apply --restart`" }
        guard status.isRunning else { return "does not run" }
        guard let ageMs else { return "said to run, but without a committed source offset nothing proves it" }
        return ageMs <= maximumAgeMs
            ? "works"
            : "said to run, but has committed nothing for \(PlainText.duration(milliseconds: ageMs)); restart it"
    }

    var text: String {
        var text = status?.text ?? ""
        switch offset {
        case .committed(let committed):
            let age = ageMs.map { ", committed \(PlainText.duration(milliseconds: $0)) ago" } ?? ""
            let phase = committed.offset.isSnapshot ? ", in its snapshot" : ""
            text += "source offset \(committed.offset.position)\(phase)\(age)\n"
        case .none: text += "source offset: none committed yet\n"
        case .unreadable(let reason): text += "source offset: cannot be read: \(PlainText.visible(reason))\n"
        }
        return text
    }

    func json(name: String) -> JSONValue {
        var position: String?
        var isSnapshot: JSONValue = .null
        if case .committed(let committed) = offset {
            position = committed.offset.position.description
            isSnapshot = .bool(committed.offset.isSnapshot)
        }
        return [
            "connector": .string(name), "verdict": .string(verdict.rawValue), "conclusion": .string(conclusion),
            "status": status?.json ?? .null, "source_offset": .string(position), "in_snapshot": isSnapshot,
            "source_offset_age_ms": .number(ageMs),
        ]
    }
}
