import Domain
import Ledger

/// The ledgers, followed for the users of one batch after the other, from where they were compared.
final class FollowedLedger {
    private let port: any LedgerPort
    private var position: LedgerPosition
    private var held: Set<UserID> = []
    private var newest = NewestProductions()
    /// What was appended since the comparison, for the batches that are still to come.
    private var later: Spill
    private(set) var productions: Int

    /// Follows from where the ledgers were compared.
    init(_ port: any LedgerPort, after position: LedgerPosition, productions: Int, list: Spill.Shape) {
        self.port = port
        self.position = position
        self.productions = productions
        later = Spill(list)
    }

    /// Folds the whole ledgers for a few users.
    convenience init(_ port: any LedgerPort, users: Set<UserID>, list: Spill.Shape) throws {
        self.init(port, after: LedgerPosition(), productions: 0, list: list)
        held = users
        try catchUp()
    }

    /// Turns to other users: their productions when the ledgers were compared, and what came since.
    func hold(_ users: [KnownUser]) throws {
        held = Set(users.map(\.user))
        newest = NewestProductions()
        for production in users.flatMap(\.productions) { newest.add(production) }
        var cursor = Spill.Cursor()
        while let (_, payload) = try later.next(&cursor) {
            var reader = PayloadReader(payload)
            take(try reader.production())
        }
    }

    /// Folds what was appended since the last time.
    func catchUp() throws {
        position = try port.read(after: position) { production in
            take(production)
            productions += 1
            var payload = PayloadWriter()
            payload.add(production)
            try later.append(
                SpillEntry(key: UserKey(exactly: 0), digest: nil, payloadBytes: payload.bytes.count), payload: payload.bytes)
        }
    }

    private func take(_ production: Production) {
        if held.contains(production.user) { newest.add(production) }
    }

    func productions(of user: UserID) -> [Production] { newest[user] }
}
