import Domain
import SQLite

/// What both the store and the reader of parked records ask of the file.
struct ParkedQueries {
    let database: Database

    static let columns = """
        id, hop, topic, record_partition, record_offset, timestamp_ms, user, reason, message, attempts, first_parked_at_ms,
        last_parked_at_ms, state, ended_at_ms, length(record_key), length(record_value)
        """

    func entries(_ filter: ParkedFilter) throws -> [ParkedEntry] {
        var conditions = ["id > ?"]
        var values: [Value] = [.integer(filter.afterID)]
        func require(_ column: String, _ value: Value?) {
            guard let value else { return }
            conditions.append("\(column) = ?")
            values.append(value)
        }
        require("hop", (filter.hop?.rawValue).map { .text($0) })
        require("reason", (filter.reason?.rawValue).map { .text($0) })
        require("topic", filter.topic.map { .text($0) })
        require("user", (filter.user?.keyBytes).map { .blob($0) })
        let states = filter.states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
        conditions.append("state IN (\(states))")
        values.append(.integer(Int64(filter.limit)))
        let select = """
            SELECT \(Self.columns) FROM parked WHERE \(conditions.joined(separator: " AND ")) ORDER BY id LIMIT ?
            """
        var entries: [ParkedEntry] = []
        try database.prepare(select).forEach(values) { entries.append(try entry($0)) }
        return entries
    }

    func entry(id: Int64) throws -> ParkedEntry? {
        try database.prepare("SELECT \(Self.columns) FROM parked WHERE id = ?").first(.integer(id)) { try entry($0) }
    }

    func bytes(of id: Int64) throws -> ParkedBytes? {
        try database.prepare("SELECT record_key, record_value, headers FROM parked WHERE id = ?").first(.integer(id)) { row in
            guard let headers = ParkedHeaderCoding.decode(row.blob(2) ?? []) else {
                throw LedgerError(.damaged, path: database.path, "the headers of parked record \(id) cannot be read")
            }
            return ParkedBytes(key: row.blob(0), value: row.blob(1), headers: headers)
        }
    }

    func openCounts() throws -> [ParkReason: Int] {
        var counts: [ParkReason: Int] = [:]
        try database.prepare("SELECT reason, count(*) FROM parked WHERE state = 'open' GROUP BY reason").forEach { row in
            counts[try reason(row.text(0))] = Int(row.int64(1) ?? 0)
        }
        return counts
    }

    func forEachOpenUser(_ body: (UserID, OpenParking) throws -> Void) throws {
        try database.prepare(Self.openUsers + " AND user IS NOT NULL ORDER BY user, id").forEach { row in
            try body(UserID(row.text(0) ?? ""), openParking(row))
        }
    }

    /// Where as many are open as are asked for, each of these is looked up: else a file of a million entries would be read for
    /// every few thousand users. Where they are fewer, all of them are read, which is quicker.
    func forEachOpenUser(among users: Set<UserID>, _ body: (UserID, OpenParking) throws -> Void) throws {
        // One state of the file for all, and its lock taken once.
        try database.transaction(.deferred) {
            let count = try database.prepare(
                "SELECT count(*) FROM (SELECT 1 FROM parked WHERE state = 'open' AND user IS NOT NULL LIMIT ?)"
            ).first(.integer(Int64(users.count))) { $0.int64(0) ?? 0 }
            guard count == Int64(users.count) else {
                return try forEachOpenUser { user, parking in if users.contains(user) { try body(user, parking) } }
            }
            let select = try database.prepare(Self.openUsers + " AND user = ? ORDER BY id")
            for user in users {
                try select.forEach(.blob(user.keyBytes)) { try body(user, openParking($0)) }
            }
        }
    }

    private static let openUsers = """
        SELECT user, hop, reason, record_partition, record_offset, last_parked_at_ms FROM parked WHERE state = 'open'
        """

    private func openParking(_ row: Row) throws -> OpenParking {
        let address = RecordAddress(partition: Int32(truncatingIfNeeded: row.int64(3) ?? 0), offset: row.int64(4) ?? 0)
        return try OpenParking(
            hop: hop(row.text(1)), reason: reason(row.text(2)), address: address, parkedAtMs: row.int64(5) ?? 0)
    }

    private func entry(_ row: Row) throws -> ParkedEntry {
        try ParkedEntry(
            id: row.int64(0) ?? 0, hop: hop(row.text(1)), topic: row.text(2) ?? "",
            address: RecordAddress(partition: Int32(truncatingIfNeeded: row.int64(3) ?? 0), offset: row.int64(4) ?? 0),
            timestampMs: row.int64(5) ?? -1, user: row.text(6).map { UserID($0) }, reason: reason(row.text(7)),
            message: row.text(8) ?? "", attempts: Int(row.int64(9) ?? 0), firstParkedAtMs: row.int64(10) ?? 0,
            lastParkedAtMs: row.int64(11) ?? 0, state: code(row.text(12), "state"), endedAtMs: row.int64(13),
            keySizeBytes: row.int64(14).map { Int($0) }, valueSizeBytes: row.int64(15).map { Int($0) })
    }

    private func hop(_ text: String?) throws -> Hop { try code(text, "hop") }
    private func reason(_ text: String?) throws -> ParkReason { try code(text, "reason") }

    private func code<Code: RawRepresentable>(_ text: String?, _ name: String) throws -> Code where Code.RawValue == String {
        guard let code = text.flatMap(Code.init(rawValue:)) else {
            throw LedgerError(.damaged, path: database.path, "a parked record has an unknown \(name): \(text ?? "none")")
        }
        return code
    }
}
