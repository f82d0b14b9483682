import Domain

/// Who of one batch after the other is parked. The files are small beside everything else, so they are read anew each time.
final class FollowedParked {
    private let port: any ParkedPort
    private var held: Set<UserID>
    private var entries: [UserID: OpenParkings] = [:]
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
            if held.contains(user) { entries[user, default: OpenParkings()].note(parking) }
        }
        truncatedTables = try port.truncatedTables()
    }

    /// The user's open entries.
    func entries(of user: UserID) -> OpenParkings { entries[user] ?? OpenParkings() }
}
