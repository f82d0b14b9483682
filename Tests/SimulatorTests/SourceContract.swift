import Domain
import MySQL
import Sandbox
import Source

@testable import Pipeline
@testable import Reconcile
@testable import Simulator

/// A source whose rows can be changed, and the ports by which a run and an aggregator read it.
protocol ContractSource {
    /// One transaction, committed and visible when this returns.
    func change(_ acts: [Server.Act]) throws
    /// Begins another file of the binary log.
    func rotateLog() throws
    func source() throws -> any SourcePort
    func rows() throws -> any RowReader
}

/// What a source is asked, and what it answers.
struct SourceContract {
    let database: any ContractSource

    struct Seen: Sendable, Equatable {
        var facts: [String] = []
        var columns: [String] = []
        /// What each of four users' rows look like, as a run reads them, and as an aggregator does.
        var rows: [String?] = []
        var rowsOfAggregator: [String?] = []
        var cuts: [String?] = []
        var ranges: [[String]] = []
        var haveDigestsOfRows = false
        /// Whom a scan shows over which somebody is deleted, and somebody else comes.
        var duringChange: [String] = []
        var afterwards: [String] = []
        var order: [String: Bool] = [:]
    }

    func observe() throws -> Seen {
        var seen = Seen()
        let source = try database.source()
        let reader = try database.rows()
        defer { source.close() }
        let facts = try source.serverFacts()
        seen.facts = [facts.isMariaDB, facts.hasBinlog, facts.hasGTIDs].map { "\($0)" }
        seen.facts += [facts.binlogFormat, facts.rowImage].map { $0 ?? "nil" }
        seen.columns = try source.fields().map { "\($0.name) \($0.kind.rawValue)" }

        let users = (1...5).map { UserID("\($0)") }
        try database.change(users.map { .name($0, 0) })
        try database.change([.preference(users[1], 2), .name(users[2], 1), .delete(users[4])])
        try database.change([.move(users[3], to: UserID("10"))])
        let asked = [users[0], users[1], users[3], UserID("10")]
        let found = try source.rows(of: asked)
        seen.rows = asked.map { text(found.rows[$0]) }
        let read = try reader.rows(of: asked)
        seen.rowsOfAggregator = asked.map { text(read.rows[$0]) }
        try observeScan(source, &seen)
        try observePositions(source, reader, &seen)
        return seen
    }

    private func observeScan(_ source: any SourcePort, _ seen: inout Seen) throws {
        var lower: UserID?
        var digests: [UserID: Digest] = [:]
        for _ in 0..<5 {
            let upper = try source.boundary(after: lower, rows: 2)
            var range: [String] = []
            _ = try source.scanDigests(after: lower, through: upper) { key, row in
                let user = UserID(String(decoding: key.withUnsafeBytes { Array($0) }, as: UTF8.self))
                range.append(user.text)
                if case .bytes(let digest, _) = row { digests[user] = digest }
            }
            seen.cuts.append(upper?.text)
            seen.ranges.append(range)
            guard let upper else { break }
            lower = upper
        }
        let rows = try source.rows(of: Array(digests.keys)).rows
        seen.haveDigestsOfRows = rows.count == digests.count && rows.allSatisfy { digests[$0] == Digest(of: $1) }
        let before = try source.binlogEnd()
        let position = try source.scanDigests(after: nil, through: nil) { key, _ in
            if seen.duringChange.isEmpty { try database.change([.delete(UserID("3")), .name(UserID("20"), 1)]) }
            seen.duringChange.append(String(decoding: key.withUnsafeBytes { Array($0) }, as: UTF8.self))
        }
        let after = try source.binlogEnd()
        _ = try source.scanDigests(after: nil, through: nil) { key, _ in
            seen.afterwards.append(String(decoding: key.withUnsafeBytes { Array($0) }, as: UTF8.self))
        }
        seen.order["a scan has reached what was logged before it"] = reached(position, before)
        seen.order["a scan has reached what was logged while it went on"] = reached(position, after)
    }

    private func observePositions(_ source: any SourcePort, _ reader: any RowReader, _ seen: inout Seen) throws {
        let end = try source.binlogEnd()
        seen.order["a snapshot has reached the log's end, where all is visible"] = try reached(
            reader.rows(of: [UserID("1")]).position, end)
        seen.order["a run and an aggregator are told one end"] = try end == reader.binlogEnd()
        seen.order["the end stays where it is while nobody writes"] = try end == source.binlogEnd()
        try source.writeNonce("n")
        let nonce = try source.binlogEnd()
        seen.order["a nonce moves the end"] = !reached(end, nonce) && reached(nonce, end)
        try database.change([.name(UserID("1"), 2)])
        let changed = try source.binlogEnd()
        seen.order["a change moves the end"] = !reached(nonce, changed) && reached(changed, nonce)
        try database.rotateLog()
        let rotated = try source.binlogEnd()
        seen.order["another file lies behind the one before"] = !reached(changed, rotated) && reached(rotated, changed)
        seen.order["a snapshot reaches the beginning of a new file"] = try reached(
            source.rows(of: [UserID("1")]).position, rotated)
        seen.order["there is a fence table"] = source.hasFenceTable
    }

    private func reached(_ position: SourcePosition?, _ other: SourcePosition?) -> Bool {
        guard let position, let other else { return false }
        return position.hasReached(other)
    }

    private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
}

/// MariaDB, with the tables that the simulated one has.
struct RealSource: ContractSource {
    private let server: MariaDBServer
    private let connection: Connection
    private let settings: SourceSettings

    init() throws {
        // A server of its own: the log's end belongs to all who write to a server.
        server = try MariaDBServer()
        try Connection(server.rootSettings).execute("CREATE DATABASE shop CHARACTER SET utf8mb4")
        var account = server.rootSettings
        account.database = "shop"
        connection = try Connection(account)
        for statement in [
            "CREATE TABLE users (user_id BIGINT PRIMARY KEY, name VARCHAR(20))",
            "CREATE TABLE preferences (user_id BIGINT PRIMARY KEY, preference VARCHAR(20))",
            "CREATE TABLE fence (id INT PRIMARY KEY, nonce VARCHAR(64))",
        ] { try connection.execute(statement) }
        let query = try AggregateQuery(
            sql: "SELECT u.name, p.preference, u.user_id FROM users u LEFT JOIN preferences p USING (user_id) WHERE :users",
            key: "u.user_id", kind: .integer)
        settings = SourceSettings(
            connection: account, query: query, keyField: "user_id", usersTable: "users",
            fenceTable: "shop.fence")
    }

    func change(_ acts: [Server.Act]) throws {
        try connection.execute("START TRANSACTION")
        for statement in acts.flatMap(statements) { try connection.execute(statement) }
        try connection.execute("COMMIT")
    }

    private func statements(_ act: Server.Act) -> [String] {
        switch act {
        case .name(let user, let value):
            ["INSERT INTO users VALUES (\(user), 'v\(value)') ON DUPLICATE KEY UPDATE name = 'v\(value)'"]
        case .preference(let user, let value):
            ["INSERT INTO preferences VALUES (\(user), 'v\(value)') ON DUPLICATE KEY UPDATE preference = 'v\(value)'"]
        case .delete(let user):
            ["DELETE FROM preferences WHERE user_id = \(user)", "DELETE FROM users WHERE user_id = \(user)"]
        case .move(let user, let other): ["UPDATE users SET user_id = \(other) WHERE user_id = \(user)"]
        }
    }

    func rotateLog() throws { try connection.execute("FLUSH BINARY LOGS") }
    func source() throws -> any SourcePort { try SourceReader(settings) }
    func rows() -> any RowReader { SourceRows(settings) }
}

struct SimulatedSourceOfContract: ContractSource {
    let world: World

    func change(_ acts: [Server.Act]) {
        world.act { state in
            let transaction = state.server.write(acts)
            state.server.commit(transaction)
        }
    }

    func rotateLog() { world.act { $0.server.rotate() } }
    func source() throws -> any SourcePort { try SimulatedReconcilePorts(world: world).source() }
    func rows() -> any RowReader { SimulatedRows(world) }
}
