import Domain

/// The users whose evidence a run alters on purpose. Each must come out as altered; otherwise the run would not have noticed a
/// real one either.
///
/// They are chosen among users with whom all is well, by a digest of run and user, so that each run tries others. The users
/// are judged unaltered as well, like everyone, so a canary hides nothing.
struct CanaryPlan {
    /// Several for each alteration, because a user who moves meanwhile proves nothing.
    static let usersPerAlteration = 3
    private static let size = Alteration.allCases.count * usersPerAlteration

    private let runID: String
    private var chosen: [(rank: UInt64, user: UserID)] = []

    init(runID: String) {
        self.runID = runID
    }

    /// Considers a user whose row and aggregate agree.
    mutating func consider(_ user: UserID) {
        let rank = Digest(of: Array("\(runID)/\(user.text)".utf8)).rawValue
        if chosen.count == Self.size, let last = chosen.last, rank >= last.rank { return }
        let place = chosen.firstIndex { $0.rank > rank } ?? chosen.count
        chosen.insert((rank, user), at: place)
        if chosen.count > Self.size { chosen.removeLast() }
    }

    /// The alterations in turn, as far as there are users.
    var suspects: [Suspect] {
        let alterations = Alteration.allCases
        return chosen.enumerated().map { index, choice in
            Suspect(user: choice.user, stage: .aggregate, alteration: alterations[index % alterations.count])
        }
    }
}
