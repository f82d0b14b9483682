import Foundation
import SQLite
import Testing

@Suite("Opening a database file")
struct OpeningTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("A missing file is created on demand only")
    func missing() throws {
        let path = scratch.path("new.sqlite")
        for mode in [Database.Mode.readOnly, .readWrite] {
            let error = sqliteError { _ = try Database(path: path, mode: mode) }
            #expect(error?.isCannotOpen == true)
            #expect(error?.message.contains(path) == true)
            #expect(error?.message.contains("No such file") == true)
        }
        let database = try Database(path: path, mode: .create)
        #expect(try database.isEmpty)
    }

    @Test("A directory is named as one", arguments: [Database.Mode.readOnly, .readWrite, .create])
    func directory(mode: Database.Mode) {
        let path = scratch.path("")
        let error = sqliteError { _ = try Database(path: path, mode: mode) }
        #expect(error?.isCannotOpen == true)
        #expect(error?.message.contains("directory") == true)
    }

    @Test("A file that is not a database is refused at once and left as it is", arguments: [5, 100, 4096, 9000])
    func garbage(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
        let path = try scratch.write(bytes, to: "garbage")
        let error = sqliteError { _ = try Database(path: path, mode: .create) }
        #expect(error?.isNotADatabase == true)
        #expect(error?.isCorrupt == true)
        #expect(error?.isRetriable == false)
        #expect(error?.message.hasPrefix(path) == true)
        #expect(try Array(fileBytes(path)) == bytes)
    }

    @Test("A directory that does not exist is an error that names the file")
    func noDirectory() {
        let path = scratch.path("none/ledger.sqlite")
        let error = sqliteError { _ = try Database(path: path, mode: .create) }
        #expect(error?.isCannotOpen == true)
        #expect(error?.message.contains(path) == true)
    }

    @Test("File names that SQLite would treat as special are plain file names here")
    func specialNames() throws {
        // A relative name, because an absolute one cannot start with "file:".
        let name = "file:\(UUID().uuidString)?mode=memory"
        defer { unlink(name) }
        do {
            let database = try Database(path: name, mode: .create)
            try database.execute("CREATE TABLE t (a)")
        }
        #expect(access(name, F_OK) == 0)
        #expect(try Database(path: name, mode: .readOnly).isEmpty == false)
    }

    @Test("An empty name and a name with NUL are refused", arguments: ["", "a\u{0}b"])
    func unusableNames(name: String) {
        #expect(sqliteError { _ = try Database(path: name, mode: .create) }?.isCannotOpen == true)
    }

    @Test("A read-only connection cannot write")
    func readOnly() throws {
        let path = scratch.path("a.sqlite")
        let writer = try Database(path: path, mode: .create)
        try writer.execute("CREATE TABLE t (a)")
        let reader = try Database(path: path, mode: .readOnly)
        #expect(sqliteError { try reader.execute("INSERT INTO t VALUES (1)") }?.isReadOnly == true)
    }

    @Test("The header's numbers survive, and a pragma that is not taken is an error")
    func pragmas() throws {
        let path = scratch.path("a.sqlite")
        do {
            let database = try Database(path: path, mode: .create)
            #expect(try database.userVersion == 0)
            try database.setUserVersion(7)
            try database.setApplicationID(0x526F_6C4C)
            try database.useWriteAheadLog()
            #expect(throws: SQLiteError.self) { try database.setPragma("no_such_pragma", to: "1") }
        }
        let database = try Database(path: path, mode: .readOnly)
        #expect(try database.userVersion == 7)
        #expect(try database.applicationID == 0x526F_6C4C)
        #expect(try database.pragma("journal_mode") == "wal")
        #expect(try database.integrityCheck() == [])
    }

    @Test("The integrity check tells of a damaged page")
    func damage() throws {
        let path = scratch.path("a.sqlite")
        do {
            let database = try Database(path: path, mode: .create)
            try database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT")
            try database.transaction {
                let insert = try database.prepare("INSERT INTO t (b) VALUES (?)")
                for number in 0..<2_000 { try insert.run(.text("row \(number)")) }
            }
        }
        var bytes = try Array(fileBytes(path))
        for index in 8192..<8192 + 64 { bytes[index] = 0xFF }
        _ = try scratch.write(bytes, to: "a.sqlite")
        let damaged = try Database(path: path, mode: .readOnly)
        #expect(try !damaged.integrityCheck().isEmpty)
    }

    @Test("A small cache is no hindrance to what does not fit into it")
    func smallCache() throws {
        let database = try Database(path: scratch.path("a.sqlite"), mode: .create)
        try database.limitCache(bytes: 1_000)
        #expect(try database.pragma("main.cache_size") == "-64")
        #expect(try database.pragma("temp.cache_size") == "-64")
        try database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT; CREATE TEMP TABLE u (b TEXT) STRICT")
        try database.transaction {
            let insert = try database.prepare("INSERT INTO temp.u (b) VALUES (?)")
            for number in 0..<20_000 { try insert.run(.text("row \((number * 7_919) % 20_000 + 100_000)")) }
            try database.execute("INSERT INTO t (b) SELECT b FROM temp.u ORDER BY b")
        }
        let misplaced = "SELECT count(*) FROM t WHERE b <> 'row ' || (a + 99999)"
        #expect(try database.prepare(misplaced).first { $0.int64(0) } == 0)
        #expect(try database.prepare("SELECT count(*) FROM t").first { $0.int64(0) } == 20_000)
    }

    @Test("The library names its version")
    func version() {
        #expect(Database.libraryVersion.hasPrefix("3."))
    }
}
