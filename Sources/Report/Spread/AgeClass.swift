/// How long a stale value has been lying in its topic.
enum AgeClass: String, CaseIterable, Sendable {
    case underAnHour = "under 1 h"
    case underSixHours = "1–6 h"
    case underADay = "6–24 h"
    case underAWeek = "1–7 d"
    case underAMonth = "7–30 d"
    case older = "over 30 d"
    /// The broker does not say when the record was written.
    case unknown = "unknown"

    /// - Parameter milliseconds: The age; nil where it is not known.
    init(milliseconds: Int64?) {
        let hour: Int64 = 3_600_000
        switch milliseconds {
        case nil: self = .unknown
        case .some(..<hour): self = .underAnHour
        case .some(..<(6 * hour)): self = .underSixHours
        case .some(..<(24 * hour)): self = .underADay
        case .some(..<(7 * 24 * hour)): self = .underAWeek
        case .some(..<(30 * 24 * hour)): self = .underAMonth
        default: self = .older
        }
    }
}
