import Domain
import Ledger
import Report

/// Nobody should be waiting among the parked records.
enum ParkedCheck {
    private static let precondition = Precondition(
        "files.parked", why: "A parked record is a user who did not arrive; `verify` counts each as a difference.")

    static func judge(_ counts: Result<[ParkReason: Int], LedgerError>) -> Check {
        switch counts {
        case .failure(let error):
            return precondition.failure(error.message, mend: "move the file away; what was parked in it has to be repaired")
        case .success(let counts):
            let total = counts.values.reduce(0, +)
            guard total > 0 else { return precondition.ok("no record is parked") }
            let reasons = counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
                .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
            return precondition.warning(
                "\(PlainText.count(total, "record")) parked: \(reasons)",
                mend: "rollcall parked list    # then, the cause mended: rollcall parked retry")
        }
    }

    static func look(_ paths: [String]) throws -> Result<[ParkReason: Int], LedgerError> {
        do {
            return .success(try ParkedFiles(paths: paths).openCounts())
        } catch let error as LedgerError {
            return .failure(error)
        }
    }
}
