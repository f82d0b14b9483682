import Domain

/// Who of one batch after the other is parked. The files are small beside everything else, so they are read anew each time.
final class FollowedParked {
    private let port: any ParkedPort
    private var held: Set<UserID>
    private var entries: [UserID: [Hop: OpenParking]] = [:]
    /// Open entries that name no user.
    private(set) var withoutUser = 0
    /// Tables that were emptied at a stroke, without a word on whom they held.
    private(set) var truncatedTables: [String] = []

    init(_ port: any ParkedPort, users: Set<UserID> = []) {
        self.port = port
        held = users
    }

    /// Turns to other users.
    func hold(_ users: some Sequence<UserID>) { held = Set(users) }

    func catchUp() throws {
        entries = [:]
        withoutUser = try port.open { user, parking in
            if held.contains(user) { entries[user, default: [:]].note(parking) }
        }
        truncatedTables = try port.truncatedTables()
    }

    /// The newest open entry at each hop.
    func entries(of user: UserID) -> [Hop: OpenParking] { entries[user] ?? [:] }
}

extension [Hop: OpenParking] {
    /// Takes note of one of a user's open entries, and keeps the newest of each hop, in whatever order they come: each process has a
    /// file of its own, and an older entry of another one must not hide what is open in earnest.
    mutating func note(_ entry: OpenParking) {
        if let known = self[entry.hop], known.isNewer(than: entry) { return }
        self[entry.hop] = entry
    }
}

extension OpenParking {
    /// Of two records of one partition the later one tells more, whenever they were parked.
    fileprivate func isNewer(than other: OpenParking) -> Bool {
        guard address.partition == other.address.partition, address.offset != other.address.offset else {
            return parkedAtMs > other.parkedAtMs
        }
        return address.offset > other.address.offset
    }
}
