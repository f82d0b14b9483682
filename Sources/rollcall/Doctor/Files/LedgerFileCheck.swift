import Glibc
import Ledger
import Report

/// The ledger has to be ours, sound, and about the God topic of the settings.
enum LedgerFileCheck {
    private static let precondition = Precondition(
        "files.ledger",
        why: "The ledger lists every God object produced; offsets in it mean something for one God topic only.")

    /// What was found at the ledger's path.
    enum Found: Sendable {
        case absent
        case refused(String)
        case opened(godTopic: String, problems: [LedgerProblem])
    }

    static func judge(_ found: Found, path: String, godTopic: String) -> Check {
        switch found {
        case .absent: return precondition.ok("\(path) does not exist yet; `rollcall stream` creates it")
        case .refused(let reason):
            return precondition.failure(
                reason, mend: "ledger.path in the settings, or move the file away and `rollcall ledger rebuild`")
        case .opened(let topic, _) where topic != godTopic:
            return precondition.failure(
                "\(path) is about the topic \(topic), and kafka.topics.god is \(godTopic)",
                mend: "ledger.path in the settings: one ledger per God topic")
        case .opened(_, let problems):
            if let grave = problems.first(where: \.isSerious) {
                return precondition.failure(
                    "\(path): \(grave.message)", mend: "mv \(path) \(path).bad && rollcall ledger rebuild")
            }
            if let note = problems.first {
                return precondition.warning("\(path): \(note.message)", mend: "rollcall ledger check")
            }
            return precondition.ok("\(path) is sound")
        }
    }

    static func look(_ path: String) -> Found {
        guard access(path, F_OK) == 0 else { return .absent }
        do {
            let reader = try LedgerReader(path: path)
            return .opened(godTopic: reader.identity.godTopic, problems: try reader.check())
        } catch {
            return .refused("\(error)")
        }
    }
}
