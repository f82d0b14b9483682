import Domain

/// The source: rows in versions, a binary log, and the moment between the two in which a change is logged and not yet visible.
struct Server: Sendable {
    static let id: UInt64 = 7
    /// Whether transactions have global ids, as on MySQL 8: a snapshot tells which of them it shows, and no place in the log.
    private let hasGTIDs: Bool

    /// One row change, as the log tells it.
    struct Change: Sendable {
        var table: String
        var operation: String
        /// The user whose row it was, or is.
        var user: UserID
        /// The other half of a changed key.
        var movedTo: UserID?
        var movedFrom: UserID?
        var position: SourcePosition
    }

    struct Transaction: Sendable {
        var start: SourcePosition
        var end: SourcePosition
        var changes: [Change]
        var nonce: String?
        /// Whether the storage engine shows it; the ones before it have to be shown first.
        var isCommitted = false
    }

    /// What the aggregate query yields for a user from a transaction on.
    struct Version: Sendable {
        var transaction: Int
        /// Nil without a row.
        var row: [UInt8]?
    }

    private(set) var log: [Transaction] = []
    /// How many transactions a new snapshot sees.
    private(set) var visible = 0
    private(set) var versions: [UserID: [Version]] = [:]
    private var file: UInt64 = 1
    private var offset: UInt64 = 400
    private var names: [UserID: Int] = [:]
    private var preferences: [UserID: Int] = [:]

    init(hasGTIDs: Bool = false) { self.hasGTIDs = hasGTIDs }

    // MARK: - Positions

    private static let origin = BinlogPlace(server: id, logName: "binlog", logNumber: 1, offset: 400)
    private static let uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562"

    private var place: BinlogPlace { BinlogPlace(server: Self.id, logName: "binlog", logNumber: file, offset: offset) }

    private func position(_ place: BinlogPlace?, _ transactions: ClosedRange<Int>?) -> SourcePosition {
        let ids = transactions.map { "\(Self.uuid):\($0.lowerBound)-\($0.upperBound)" } ?? ""
        let known = SourcePosition(place: place, gtids: hasGTIDs ? GTIDSet(executed: ids) : nil)
        return known ?? SourcePosition(server: Self.id, logName: Self.origin.logName, logNumber: file, offset: offset)
    }

    private static func first(_ transactions: Int) -> ClosedRange<Int>? { transactions > 0 ? 1...transactions : nil }

    /// The end of the log. MySQL lists the transactions that are committed beside it, and not those that are merely logged.
    var end: SourcePosition { position(place, Self.first(visible)) }

    /// Of a change event: the place, and the transaction that it belongs to.
    private var positionOfChange: SourcePosition { position(place, log.count + 1...log.count + 1) }

    mutating func rotate() {
        file += 1
        offset = 4
    }

    /// What a transaction does.
    enum Act: Sendable {
        case name(UserID, Int)
        case preference(UserID, Int)
        case delete(UserID)
        case move(UserID, to: UserID)
    }

    /// Writes a transaction into the log. It becomes visible later.
    mutating func write(_ acts: [Act], nonce: String? = nil) -> Int {
        let number = log.count
        let start = position(place, Self.first(number))
        var changes: [Change] = []
        var touched: [UserID] = []
        for act in acts { apply(act, &changes, &touched) }
        offset += 100
        log.append(Transaction(start: start, end: position(place, 1...number + 1), changes: changes, nonce: nonce))
        for user in touched where row(of: user) != versions[user]?.last?.row || versions[user] == nil {
            versions[user, default: []].append(Version(transaction: number, row: row(of: user)))
        }
        return number
    }

    private mutating func apply(_ act: Act, _ changes: inout [Change], _ touched: inout [UserID]) {
        offset += 40
        switch act {
        case .name(let user, let value):
            let operation = names[user] == nil ? "c" : "u"
            names[user] = value
            changes.append(Change(table: Name.users, operation: operation, user: user, position: positionOfChange))
            touched.append(user)
        case .preference(let user, let value):
            guard names[user] != nil else { return }
            let operation = preferences[user] == nil ? "c" : "u"
            preferences[user] = value
            changes.append(Change(table: Name.preferences, operation: operation, user: user, position: positionOfChange))
            touched.append(user)
        case .delete(let user):
            guard names[user] != nil else { return }
            if preferences.removeValue(forKey: user) != nil {
                changes.append(Change(table: Name.preferences, operation: "d", user: user, position: positionOfChange))
            }
            names[user] = nil
            offset += 40
            changes.append(Change(table: Name.users, operation: "d", user: user, position: positionOfChange))
            touched.append(user)
        case .move(let user, let other):
            guard user != other, let name = names[user], names[other] == nil else { return }
            names[user] = nil
            names[other] = name
            changes.append(
                Change(table: Name.users, operation: "d", user: user, movedTo: other, position: positionOfChange))
            changes.append(
                Change(table: Name.users, operation: "c", user: other, movedFrom: user, position: positionOfChange))
            touched += [user, other]
        }
    }

    /// The row as the log has left it.
    private func row(of user: UserID) -> [UInt8]? {
        names[user].map { Self.row(user, name: $0, preference: preferences[user]) }
    }

    static func row(_ user: UserID, name: Int, preference: Int?) -> [UInt8] {
        let preference = preference.map { "\"v\($0)\"" } ?? "null"
        return Array("{\"name\":\"v\(name)\",\"preference\":\(preference),\"user_id\":\(user.text)}".utf8)
    }

    /// The storage engine shows a transaction as soon as those before it are shown.
    mutating func commit(_ transaction: Int) {
        log[transaction].isCommitted = true
        while visible < log.count, log[visible].isCommitted { visible += 1 }
    }

    // MARK: - Snapshots

    /// Where a snapshot of that many transactions lies in the log.
    func position(ofSnapshot transactions: Int) -> SourcePosition {
        position(hasGTIDs ? nil : placeBehind(transactions), Self.first(transactions))
    }

    private func placeBehind(_ transactions: Int) -> BinlogPlace {
        (transactions > 0 ? log[transactions - 1].end.place : nil) ?? Self.origin
    }

    /// Where a snapshot that is taken now lies in the log. When everything is shown that was logged, that is the log's end, also right
    /// after a rotation: so MariaDB 10.11 was seen to answer after `FLUSH BINARY LOGS`, a restart and a kill.
    var snapshotPosition: SourcePosition {
        hasGTIDs ? position(ofSnapshot: visible) : position(placeOfSnapshot, nil)
    }

    private var placeOfSnapshot: BinlogPlace { visible == log.count ? place : placeBehind(visible) }

    /// The same as a connector learns it, which locks the tables and asks for the log's end.
    var copyPosition: SourcePosition { position(placeOfSnapshot, Self.first(visible)) }

    /// How many transactions lie before a position.
    func transactions(before position: SourcePosition) -> Int {
        log.firstIndex { !position.hasReached($0.end) } ?? log.count
    }

    /// The user's row in a snapshot of that many transactions.
    func row(of user: UserID, in snapshot: Int) -> [UInt8]? {
        versions[user]?.last { $0.transaction < snapshot }?.row ?? nil
    }

    func rows(in snapshot: Int) -> [(user: UserID, row: [UInt8])] {
        versions.keys.sorted().compactMap { user in row(of: user, in: snapshot).map { (user, $0) } }
    }

    /// Every row that the user had in a snapshot of that many transactions, or got later.
    func rows(of user: UserID, since snapshot: Int) -> [[UInt8]?] {
        let later = (versions[user] ?? []).filter { $0.transaction >= snapshot }.map(\.row)
        return [row(of: user, in: snapshot)] + later
    }
}
