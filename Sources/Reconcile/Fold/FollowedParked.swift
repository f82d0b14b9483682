import Domain

/// Who of one batch after the other is parked. What is open changes in both ways, so it is asked for anew each time.
final class FollowedParked {
    private let port: any ParkedPort
    private var held: Set<UserID>
    private var entries: [UserID: OpenParkings] = [:]

    init(_ port: any ParkedPort, users: Set<UserID> = []) {
        self.port = port
        held = users
    }

    /// Turns to other users.
    func hold(_ users: some Sequence<UserID>) { held = Set(users) }

    func catchUp() throws {
        entries = [:]
        try port.open(of: held) { user, parking in entries[user, default: OpenParkings()].note(parking) }
    }

    /// How many open entries name no user.
    func withoutUser() throws -> Int { try port.open { _, _ in } }

    /// Tables that were emptied at a stroke, without a word on whom they held.
    func truncatedTables() throws -> [String] { try port.truncatedTables() }

    /// The user's open entries.
    func entries(of user: UserID) -> OpenParkings { entries[user] ?? OpenParkings() }
}
