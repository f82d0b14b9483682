import Domain

/// What the doctor found about one precondition.
struct Check: Sendable, Equatable {
    enum State: String, Sendable, CaseIterable {
        case ok
        /// It works, and somebody will be sorry one day.
        case warning
        /// It does not work, or loses users.
        case failure
        /// It could not be found out.
        case unknown
    }

    /// A name that stays the same, such as `mysql.binlog_format`.
    var id: String
    var state: State
    /// What was found, as a sentence without its full stop.
    var finding: String
    /// What happens to somebody for whom it does not hold.
    var why: String
    /// The command, statement or setting that mends it; nil where there is nothing to mend.
    var mend: String?

    var json: JSONValue {
        [
            "id": .string(id), "state": .string(state.rawValue), "finding": .string(finding), "why": .string(why),
            "mend": .string(mend),
        ]
    }
}

/// Something that has to hold before users can arrive, and why.
struct Precondition: Sendable {
    var id: String
    var why: String

    init(_ id: String, why: String) {
        self.id = id
        self.why = why
    }

    func ok(_ finding: String) -> Check { check(.ok, finding, nil) }
    func warning(_ finding: String, mend: String) -> Check { check(.warning, finding, mend) }
    func failure(_ finding: String, mend: String) -> Check { check(.failure, finding, mend) }
    func unknown(_ finding: String, mend: String? = nil) -> Check { check(.unknown, finding, mend) }

    private func check(_ state: Check.State, _ finding: String, _ mend: String?) -> Check {
        Check(id: id, state: state, finding: finding, why: why, mend: mend)
    }
}

/// The checks of one part of the system.
struct Section: Sendable, Equatable {
    var name: String
    var checks: [Check]
}
