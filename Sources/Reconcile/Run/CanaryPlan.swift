import Domain

/// The users whose evidence a run alters on purpose. Each must come out as altered; otherwise the run would not have noticed a
/// real one either.
///
/// They are chosen among users with whom all is well, by a hash of run and user, so that each run tries others. The users
/// are judged unaltered as well, like everyone, so a canary hides nothing.
struct CanaryPlan {
    /// Several for each alteration, because a user who moves meanwhile proves nothing.
    static let usersPerAlteration = 3
    private static let size = Alteration.allCases.count * usersPerAlteration

    private let salt: UInt64
    private var chosen: [(rank: UInt64, user: KnownUser)] = []

    init(runID: String) {
        salt = Digest(of: Array(runID.utf8)).rawValue
    }

    /// Considers a user whose row and aggregate agree. Nearly everyone is passed over by a look at a number.
    ///
    /// - Parameter known: What is known of the user; asked for only when it is chosen.
    mutating func consider(_ key: UserKey, _ known: () throws -> KnownUser) rethrows {
        let rank = UserKey(exactly: key.spread ^ salt).spread
        if chosen.count == Self.size, let last = chosen.last, rank >= last.rank { return }
        let place = chosen.firstIndex { $0.rank > rank } ?? chosen.count
        chosen.insert((rank, try known()), at: place)
        if chosen.count > Self.size { chosen.removeLast() }
    }

    /// The alterations in turn, as far as there are users.
    var users: [SuspectUser] {
        let alterations = Alteration.allCases
        return chosen.enumerated().map { index, choice in
            SuspectUser(known: choice.user, stages: [.aggregate], alteration: alterations[index % alterations.count])
        }
    }
}
