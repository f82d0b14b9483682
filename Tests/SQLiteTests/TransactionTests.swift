import SQLite
import TestSupport
import Testing

@Suite("Transactions")
struct TransactionTests {
    let scratch: Scratch
    let database: Database
    struct Stop: Error {}

    init() throws {
        scratch = try Scratch()
        database = try Database(path: scratch.path("a.sqlite"), mode: .create, busyTimeoutMs: 0)
        try database.useWriteAheadLog()
        try database.execute("CREATE TABLE t (a INTEGER) STRICT")
    }

    func count(_ database: Database) throws -> Int64? {
        try database.prepare("SELECT count(*) FROM t").first { $0.int64(0) } ?? nil
    }

    @Test("What returns is kept and what throws is undone")
    func rollback() throws {
        let result = try database.transaction {
            try database.execute("INSERT INTO t VALUES (1)")
            return "kept"
        }
        #expect(result == "kept")
        #expect(throws: Stop.self) {
            try database.transaction {
                try database.execute("INSERT INTO t VALUES (2)")
                throw Stop()
            }
        }
        #expect(try count(database) == 1)
        #expect(!database.isInTransaction)
    }

    @Test("Transactions do not nest, and the attempt undoes the outer one")
    func nesting() throws {
        #expect(throws: SQLiteError.self) {
            try database.transaction {
                try database.execute("INSERT INTO t VALUES (1)")
                try database.transaction {}
            }
        }
        #expect(try count(database) == 0)
    }

    @Test("A second writer is busy, which can be retried; readers are not disturbed")
    func busy() throws {
        let other = try Database(path: database.path, mode: .readWrite, busyTimeoutMs: 0)
        try database.transaction {
            try database.execute("INSERT INTO t VALUES (1)")
            let error = sqliteError { try other.execute("INSERT INTO t VALUES (2)") }
            #expect(error?.isBusy == true)
            #expect(error?.isRetriable == true)
            #expect(try count(other) == 0)
        }
        try other.execute("INSERT INTO t VALUES (2)")
        #expect(try count(other) == 2)
    }

    @Test("A reader's transaction sees one moment")
    func snapshot() throws {
        let reader = try Database(path: database.path, mode: .readOnly)
        try reader.transaction(.deferred) {
            #expect(try count(reader) == 0)
            try database.execute("INSERT INTO t VALUES (1)")
            #expect(try count(reader) == 0)
        }
        #expect(try count(reader) == 1)
    }

    @Test("A database that reached its size limit is full, keeps what it has and works on")
    func pageLimit() throws {
        try database.execute("CREATE TABLE big (a BLOB) STRICT")
        try database.execute("PRAGMA max_page_count = 20")
        let insert = try database.prepare("INSERT INTO big VALUES (?)")
        let error = sqliteError {
            try database.transaction {
                for _ in 0..<100 { try insert.run(.blob([UInt8](repeating: 1, count: 4_000))) }
            }
        }
        #expect(error?.isFull == true)
        #expect(error?.isRetriable == true)
        #expect(!database.isInTransaction)
        try database.execute("INSERT INTO t VALUES (1)")
        #expect(try count(database) == 1)
    }

    @Test("A full disk is an error that can be retried once there is room", .enabled(if: TinyDisk.isAvailable))
    func fullDisk() throws {
        let disk = try #require(TinyDisk(at: scratch.path("tiny"), size: "256k"))
        let tiny = try Database(path: disk.path + "/a.sqlite", mode: .create)
        try tiny.useWriteAheadLog()
        try tiny.execute("CREATE TABLE big (a BLOB) STRICT")
        let insert = try tiny.prepare("INSERT INTO big VALUES (?)")
        let error = sqliteError {
            for _ in 0..<100 { try insert.run(.blob([UInt8](repeating: 1, count: 4_000))) }
        }
        #expect(error?.isFull == true)
        #expect(error?.isRetriable == true)
        #expect(try tiny.integrityCheck() == [])
        #expect(disk.grow(to: "4m"))
        try insert.run(.blob([1]))
    }
}
