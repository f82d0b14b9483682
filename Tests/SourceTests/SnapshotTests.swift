import Domain
import Foundation
import MySQL
import Sandbox
import Source
import Synchronization
import Testing

@Suite("A snapshot's position")
struct SnapshotTests {
    /// What the writers have committed, each row with an end of the binary log that was read after its commit.
    private final class Committed: Sendable {
        private let ends = Mutex<[(user: UserID, end: SourcePosition)]>([])
        private let running = Mutex(0)
        private let trouble = Mutex<String?>(nil)

        var all: [(user: UserID, end: SourcePosition)] { ends.withLock { $0 } }
        var isWriting: Bool { running.withLock { $0 > 0 } }
        var failure: String? { trouble.withLock { $0 } }

        func write(_ numbers: [Int], with settings: SourceSettings) {
            running.withLock { $0 += 1 }
            Thread.detachNewThread { [self] in
                defer { running.withLock { $0 -= 1 } }
                do {
                    let connection = try Connection(settings.connection)
                    let reader = try SourceReader(settings)
                    for number in numbers {
                        try connection.execute("INSERT INTO users VALUES (\(number), REPEAT('x', 200))")
                        guard let end = try reader.binlogEnd() else { continue }
                        ends.withLock { $0.append((UserID("\(number)"), end)) }
                    }
                } catch {
                    trouble.withLock { $0 = "\(error)" }
                }
            }
        }
    }

    @Test("is a lower bound of what it shows, while writers write", arguments: [1, 3])
    func lowerBound(_ writers: Int) throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY, v VARCHAR(200))")
        let settings = try fixture.settings("SELECT u.id FROM users u WHERE :users")
        let committed = Committed()
        let reader = try SourceReader(settings)
        for writer in 0..<writers { committed.write((0..<300).map { writer * 1000 + $0 }, with: settings) }
        var compared = 0
        var snapshots = 0
        var wasWriting = true
        while wasWriting, snapshots < 3000 {
            wasWriting = committed.isWriting
            var visible: Set<UserID> = []
            let position = try #require(try reader.scan(after: nil, through: nil) { user, _ in visible.insert(user) })
            snapshots += 1
            for (user, end) in committed.all where position.hasReached(end) {
                compared += 1
                #expect(visible.contains(user), "\(user) was committed by \(end), and the snapshot claims \(position)")
            }
        }
        #expect(committed.failure == nil)
        #expect(snapshots > 3 && compared > 300, "otherwise nothing was shown")
        #expect(try reader.scanned().count == 300 * writers)
    }

    @Test("reaches the position of an earlier change, and shows it")
    func readYourEvent() throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY)")
        let reader = try fixture.reader()
        for user in 1...20 {
            try fixture.connection.execute("INSERT INTO users VALUES (\(user))")
            let end = try #require(try reader.binlogEnd())
            let found = try reader.rows(of: ids("\(user)"))
            #expect(found.rows.count == 1)
            #expect(found.position?.hasReached(end) == true)
        }
    }

    @Test("names the server that it is of")
    func server() throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY)")
        let facts = try fixture.reader().serverFacts()
        let stated = try fixture.connection.query("SELECT @@server_id, @@version, @@binlog_format, @@binlog_row_image").textRows[
            0]
        #expect([facts.serverID.map { "\($0)" }, facts.version, facts.binlogFormat, facts.rowImage] == stated)
        #expect(facts.hasBinlog)
        #expect(try fixture.reader().rows(of: ids("1")).position?.server == facts.serverID)
        #expect(try fixture.reader().binlogEnd()?.server == facts.serverID)
    }

    @Test("is unknown where the server keeps no binary log")
    func noBinlog() throws {
        var options = MariaDBServer.Options()
        options.extraArguments = ["--skip-log-bin"]
        let server = try MariaDBServer(options: options)
        let root = try Connection(server.rootSettings)
        for statement in ["CREATE DATABASE d", "CREATE TABLE d.users (id BIGINT PRIMARY KEY)", "INSERT INTO d.users VALUES (1)"] {
            try root.execute(statement)
        }
        let query = try AggregateQuery(sql: "SELECT u.id FROM d.users u WHERE :users", key: "u.id", kind: .integer)
        let reader = try SourceReader(SourceSettings(connection: server.rootSettings, query: query, keyField: "id"))
        let found = try reader.rows(of: ids("1"))
        #expect(found.position == nil)
        #expect(found.rows.count == 1)
        #expect(try reader.serverFacts().hasBinlog == false)
        #expect(try reader.binlogEnd() == nil)
    }

    @Test("moves past a nonce, of which one row is kept")
    func nonce() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY)", "CREATE TABLE fence (id INT PRIMARY KEY, nonce VARCHAR(64))")
        var settings = try fixture.settings("SELECT u.* FROM users u WHERE :users")
        #expect(throws: SourceError.noFenceTable) { try SourceReader(settings).writeNonce("x") }
        settings.fenceTable = fixture.database.name + ".fence"
        let reader = try SourceReader(settings)
        var last = try #require(try reader.binlogEnd())
        for nonce in ["first", "it's \\ 🦊"] {
            try reader.writeNonce(nonce)
            let end = try #require(try reader.binlogEnd())
            #expect(end.compare(to: last) == .after)
            #expect(try fixture.connection.query("SELECT * FROM fence").textRows == [["1", nonce]])
            last = end
        }
    }
}
