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

        /// The user that each writer, told by its first user, writes after those that are known to be committed.
        func next(of writers: [Int]) -> [Int] {
            ends.withLock { ends in
                writers.map { first in
                    let last = ends.last { number($0.user) >= first && number($0.user) < first + 100_000 }
                    return last.map { number($0.user) + 1 } ?? first
                }
            }
        }

        /// What was committed of the twenty users from each of `next` on.
        func after(_ next: [Int]) -> [(user: UserID, end: SourcePosition)] {
            ends.withLock { ends in
                ends.suffix(400).filter { end in next.contains { (0..<20).contains(number(end.user) - $0) } }
            }
        }

        private func number(_ user: UserID) -> Int { Int("\(user)") ?? -1 }

        /// Asks for the status of a session without a snapshot, as a monitor does, for as long as somebody writes.
        func askWhileWriting(with settings: ConnectionSettings) {
            Thread.detachNewThread { [self] in
                do {
                    let connection = try Connection(settings)
                    while isWriting { _ = try connection.query("SHOW STATUS LIKE 'binlog_snapshot_%'") }
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

    @Test("is a lower bound of what it shows, while other sessions ask the server for theirs")
    func lowerBoundAmongOthers() throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY, v VARCHAR(200))")
        let settings = try fixture.settings("SELECT u.id FROM users u WHERE :users")
        let committed = Committed()
        let reader = try SourceReader(settings)
        let writers = [0, 100_000]
        for first in writers { committed.write((first..<first + 2000).map { $0 }, with: settings) }
        for _ in 0..<4 { committed.askWhileWriting(with: settings.connection) }
        var compared = 0
        while committed.isWriting {
            // Who is committed about now: the next few users of each writer.
            let next = committed.next(of: writers)
            let found = try reader.rows(of: next.flatMap { first in (first..<first + 20).map { UserID("\($0)") } })
            let position = try #require(found.position)
            for (user, end) in committed.after(next) where position.hasReached(end) {
                compared += 1
                #expect(found.rows[user] != nil, "\(user) was committed by \(end), and the snapshot claims \(position)")
            }
        }
        #expect(committed.failure == nil)
        #expect(compared > 100, "otherwise nothing was shown")
        #expect(try reader.scanned().count == 2000 * writers.count)
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
