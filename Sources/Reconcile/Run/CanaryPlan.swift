import Domain

/// The users whose evidence a run alters on purpose. Each must come out as altered; otherwise the run would not have noticed a
/// real one either.
///
/// They are chosen among users with whom all is well, by a hash of run and user, so that each run tries others. The users
/// are judged unaltered as well, like everyone, so a canary hides nothing.
struct CanaryPlan {
    /// Several for each alteration, because a user who moves meanwhile proves nothing.
    static let usersPerAlteration = 3

    private let alterations: [Alteration]
    private var size: Int { alterations.count * Self.usersPerAlteration }
    private let salt: UInt64
    private var chosen: [(rank: UInt64, user: KnownUser)] = []

    /// - Parameter stages: The stages that the run judges.
    init(runID: String, stages: Set<Stage>) {
        alterations = Alteration.allCases.filter { stages.contains($0.stage) }
        salt = Digest(of: Array(runID.utf8)).rawValue
    }

    /// Considers a user whose row and aggregate agree. Nearly everyone is passed over by a look at a number.
    ///
    /// - Parameter known: What is known of the user; asked for only when it is chosen.
    mutating func consider(_ key: UserKey, _ known: () throws -> KnownUser) rethrows {
        let rank = UserKey(exactly: key.spread ^ salt).spread
        if chosen.count == size, let last = chosen.last, rank >= last.rank { return }
        let place = chosen.firstIndex { $0.rank > rank } ?? chosen.count
        chosen.insert((rank, try known()), at: place)
        if chosen.count > size { chosen.removeLast() }
    }

    /// The alterations in turn, as far as there are users.
    var users: [SuspectUser] {
        chosen.enumerated().map { index, choice in
            let alteration = alterations[index % alterations.count]
            return SuspectUser(known: choice.user, stages: [alteration.stage], alteration: alteration)
        }
    }
}
