import Domain

/// Some users whose aggregate has the very bytes of the row's encoding, drawn evenly from all of them and anew in each run.
struct EqualSample {
    struct Member {
        var user: UserID
        var aggregate: RecordAddress
        /// Of the row's encoding and of the aggregate alike.
        var digest: Digest
    }

    /// More than a thousand, because some of them may change before they are looked at.
    static let size = 1_250

    private let salt: UInt64
    private var chosen: [(rank: UInt64, member: Member)] = []

    init(runID: String) {
        salt = Digest(of: Array("equal \(runID)".utf8)).rawValue
    }

    var members: [Member] { chosen.map(\.member) }

    /// Considers a user. Nearly everyone is passed over by a look at a number.
    ///
    /// - Parameter known: What is known of the user; asked for only when it is chosen.
    mutating func consider(_ key: UserKey, _ known: () throws -> KnownUser) rethrows {
        let rank = UserKey(exactly: key.spread ^ salt).spread
        if chosen.count == Self.size, let last = chosen.last, rank >= last.rank { return }
        let known = try known()
        guard let aggregate = known.aggregate.home?.live, aggregate.digest == known.row else { return }
        var low = 0
        var high = chosen.count
        while low < high {
            let middle = (low + high) / 2
            if chosen[middle].rank > rank { high = middle } else { low = middle + 1 }
        }
        let member = Member(user: known.user, aggregate: aggregate.address, digest: aggregate.digest)
        chosen.insert((rank, member), at: low)
        if chosen.count > Self.size { chosen.removeLast() }
    }
}
