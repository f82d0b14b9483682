import Foundation
import SQLite
import Testing

func fileBytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
}

@Suite("Statements")
struct StatementTests {
    let scratch: Scratch
    let database: Database

    init() throws {
        scratch = try Scratch()
        database = try Database(path: scratch.path("a.sqlite"), mode: .create)
    }

    @Test(
        "Every value comes back as it went in",
        arguments: [
            Value.null, .integer(.max), .integer(.min), .real(-0.1), .real(.infinity), .text(""), .text("a\u{0}b"),
            .text("🦊 é"), .blob([UInt8]()), .blob([0, 0xFF, 0]),
        ])
    func roundTrip(value: Value) throws {
        try database.execute("CREATE TABLE t (a ANY) STRICT")
        try database.prepare("INSERT INTO t VALUES (?)").run(value)
        #expect(try database.prepare("SELECT a FROM t").first { $0.value(0) } == value)
    }

    @Test("Empty and null stay apart, in texts and in blobs")
    func emptyIsNotNull() throws {
        let select = try database.prepare("SELECT ? IS NULL, ? IS NULL, ? IS NULL")
        let nulls = try select.first("", .blob([UInt8]()), .blob(nil)) { [$0.int64(0), $0.int64(1), $0.int64(2)] }
        #expect(nulls == [0, 0, 1])
    }

    @Test("All 64 bits of an unsigned number survive", arguments: [UInt64.min, 1, 1 << 63, .max])
    func bits(number: UInt64) throws {
        #expect(try database.prepare("SELECT ?").first(.bits(number)) { $0.bits(0) } == number)
    }

    @Test("A text that is stored as a blob keeps NUL, and reads as text", arguments: ["", "42", "a\u{0}b", "🦊"])
    func utf8Blob(text: String) throws {
        try database.execute("CREATE TABLE t (a BLOB NOT NULL) STRICT")
        let insert = try database.prepare("INSERT INTO t VALUES (?)")
        try insert.bind(utf8Blob: text, at: 0)
        try insert.runBound()
        let row = try database.prepare("SELECT a, length(a) FROM t").first { ($0.text(0), $0.int64(1)) }
        #expect(row?.0 == text)
        #expect(row?.1 == Int64(text.utf8.count))
    }

    @Test("A blob of 2 MB survives")
    func largeBlob() throws {
        let bytes = (0..<2 << 20).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(try database.prepare("SELECT ?").first(.blob(bytes)) { $0.blob(0) } == bytes)
    }

    @Test("The same text gives the same statement, unless it is in the middle of its rows")
    func cache() throws {
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT i FROM n"
        let first = try database.prepare(numbers)
        #expect(try database.prepare(numbers) === first)
        var pairs = 0
        try database.prepare(numbers).forEach { _ in
            try database.prepare(numbers).forEach { _ in pairs += 1 }
        }
        #expect(pairs == 9)
    }

    @Test("Parameters of an earlier use do not leak into a later one")
    func clearedParameters() throws {
        _ = try database.prepare("SELECT ?").first(5) { $0.int64(0) }
        let again = try database.prepare("SELECT ?")
        #expect(try again.step())
        #expect(again.row.isNull(0))
    }

    @Test("A wrong number of parameters, two statements, none, and bad SQL are errors")
    func mistakes() throws {
        let select = try database.prepare("SELECT ?, ?")
        #expect(throws: SQLiteError.self) { try select.run(1) }
        #expect(throws: SQLiteError.self) { try database.prepare("SELECT 1; SELECT 2") }
        #expect(throws: SQLiteError.self) { try database.prepare("-- nothing") }
        #expect(throws: SQLiteError.self) { try database.prepare("SELECT 1\u{0}") }
        let error = sqliteError { _ = try database.prepare("SELEKT 1") }
        #expect(error?.message.contains("SELEKT 1") == true)
        #expect(error?.message.contains("syntax error") == true)
    }

    @Test("A throwing body ends the read, and the statement can be used again")
    func throwingBody() throws {
        struct Stop: Error {}
        let select = try database.prepare("SELECT 1 UNION ALL SELECT 2")
        #expect(throws: Stop.self) { try select.forEach { _ in throw Stop() } }
        var rows = 0
        try select.forEach { _ in rows += 1 }
        #expect(rows == 2)
    }

    @Test("A statement may outlive its database")
    func statementOutlivesDatabase() throws {
        var other: Database? = try Database(path: scratch.path("b.sqlite"), mode: .create)
        let statement = try #require(try other?.prepare("SELECT 42"))
        other = nil
        #expect(try statement.first { $0.int64(0) } == 42)
    }

    @Test("Changes and the last row id are those of the last statement")
    func changes() throws {
        try database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER) STRICT")
        try database.prepare("INSERT INTO t (id, a) VALUES (41, 1), (42, 1)").run()
        #expect(database.lastInsertRowID == 42)
        try database.prepare("UPDATE t SET a = 2").run()
        #expect(database.changes == 2)
    }

    @Test("A STRICT table refuses a value of the wrong type")
    func strict() throws {
        try database.execute("CREATE TABLE t (a INTEGER) STRICT")
        let insert = try database.prepare("INSERT INTO t VALUES (?)")
        #expect(sqliteError { try insert.run("x") }?.isConstraint == true)
        try insert.run(1)
    }
}
