import Domain
import MySQL
import Sandbox
import Source
import Testing

@Suite("Scanning in ranges")
struct RangeTests {
    private func expectEveryRowOnce(
        _ reader: SourceReader, _ expected: [String], rows: [Int] = [1, 2, 3, 7, 1000],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for count in rows {
            let seen = try reader.scannedInRanges(of: count).seen
            #expect(
                seen.map(\.user).sorted() == expected.map { UserID($0) }.sorted(), "in ranges of \(count)",
                sourceLocation: sourceLocation)
            let listed = try reader.rows(of: seen.map(\.user))
            for (user, row) in seen {
                #expect(try row.get() == listed.rows[user], sourceLocation: sourceLocation)
            }
        }
    }

    @Test("shows every row exactly once by integer ids, negative ones too")
    func integers() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY)",
            "INSERT INTO users VALUES (-9223372036854775808), (-5), (-1), (0), (1), (2), (10), (9), (9223372036854775807)")
        try expectEveryRowOnce(
            try fixture.reader(), ["-9223372036854775808", "-5", "-1", "0", "1", "2", "10", "9", "9223372036854775807"])
    }

    @Test("shows every row exactly once by unsigned ids above the signed range")
    func unsigned() throws {
        let numbers = [
            "0", "1", "9223372036854775807", "9223372036854775808", "9223372036854775809", "18446744073709551614",
            "18446744073709551615",
        ]
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT UNSIGNED PRIMARY KEY)",
            "INSERT INTO users VALUES (\(numbers.joined(separator: "),(")))")
        try expectEveryRowOnce(try fixture.reader(kind: .unsigned), numbers)
    }

    /// `a`, `A` and `á` are one to the collation, as are `a` and `a` with spaces where it pads; bytes tell them apart.
    @Test(
        "shows every row exactly once by string ids, under every collation",
        arguments: [
            "utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_bin", "utf8mb4_nopad_bin", "utf8mb4_uca1400_ai_ci",
            "utf8mb4_swedish_ci",
        ])
    func strings(_ collation: String) throws {
        let texts = [
            "a", "A", "á", "a\u{301}", "a ", "a  ", "b", "B", "", " ", "🦊", "🐻", "é", "ß", "ss", "x'y", "x\\y", "10", "9", "1e1",
            "\u{0}", "a\u{0}",
        ]
        let fixture = try Fixture(
            "CREATE TABLE users (n INT PRIMARY KEY, id VARCHAR(40) CHARACTER SET utf8mb4 COLLATE \(collation), KEY (id))")
        for (index, text) in texts.enumerated() {
            try fixture.connection.execute(
                "INSERT INTO users VALUES (\(index), CONVERT(\(SQLLiteral.binary(Array(text.utf8))) USING utf8mb4))")
        }
        let reader = try fixture.reader("SELECT u.id, u.n FROM users u WHERE :users", kind: .string)
        for count in [1, 2, 5, 100] {
            let seen = try reader.scannedInRanges(of: count).seen
            // The empty text is no user id; its row is shown as one that cannot be used.
            #expect(
                seen.map { Array($0.user.text.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
                    == texts.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
        }
        // A list of ids finds each of them with its own row, whatever the collation finds besides.
        let all = texts.filter { !$0.isEmpty }.map { UserID($0) }
        let found = try reader.rows(of: all)
        for (index, text) in texts.enumerated() where !text.isEmpty {
            let row = try found.rows[UserID(text)].map { try JSONValue(parsing: $0) }
            #expect(row?["n"] == .number(index), "\(Array(text.utf8))")
        }
    }

    @Test("shows rows by binary ids, and ends although an id is no text")
    func binary() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id VARBINARY(9) PRIMARY KEY)",
            "INSERT INTO users VALUES ('a'), ('A'), ('a '), (X'FF'), (X'FE80'), ('z')")
        let reader = try fixture.reader(kind: .string)
        for count in [1, 2, 4] {
            let seen = try reader.scannedInRanges(of: count).seen
            #expect(seen.count == 6)
            #expect(seen.filter { (try? $0.row.get()) != nil }.map(\.user).sorted() == ids("A", "a", "a ", "z"))
        }
    }

    @Test("shows rows that the users table lacks, before, between and after its own")
    func rowsBesideTheUsersTable() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY)", "CREATE TABLE accounts (id BIGINT PRIMARY KEY)",
            "INSERT INTO users VALUES (10), (20), (30)",
            "INSERT INTO accounts VALUES (1), (2), (10), (15), (20), (21), (31), (99)")
        let reader = try fixture.reader("SELECT a.id FROM accounts a WHERE :users", key: "a.id")
        try expectEveryRowOnce(reader, ["1", "2", "10", "15", "20", "21", "31", "99"], rows: [1, 2, 3, 4])
        try fixture.connection.execute("DELETE FROM users")
        try expectEveryRowOnce(reader, ["1", "2", "10", "15", "20", "21", "31", "99"], rows: [1])
    }

    @Test("ends where a users table's id does not fit the settings")
    func unfitBoundary() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT UNSIGNED PRIMARY KEY)", "INSERT INTO users VALUES (1), (2), (18446744073709551615)")
        let seen = try fixture.reader(kind: .integer).scannedInRanges(of: 1).seen
        #expect(seen.map(\.user).sorted() == ids("1", "2", "18446744073709551615"))
        #expect(seen.filter { (try? $0.row.get()) == nil }.map(\.user) == ids("18446744073709551615"))
    }

    @Test("cuts ranges of the size asked for, of an empty table one, and without a users table one")
    func sizes() throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY)")
        #expect(try fixture.reader().scannedInRanges(of: 10).ranges == 1)
        try fixture.connection.execute("INSERT INTO users SELECT seq * 3 FROM seq_1_to_100")
        #expect(try fixture.reader().boundary(after: nil, rows: 10) == UserID("30"))
        #expect(try fixture.reader().boundary(after: UserID("30"), rows: 10) == UserID("60"))
        #expect(try fixture.reader().boundary(after: UserID("290"), rows: 10) == nil)
        #expect(try fixture.reader().scannedInRanges(of: 30).ranges == 4)
        var settings = try fixture.settings("SELECT u.* FROM users u WHERE :users")
        settings.usersTable = nil
        let reader = try SourceReader(settings)
        #expect(try reader.boundary(after: nil, rows: 10) == nil)
        #expect(try reader.scannedInRanges(of: 10).seen.count == 100)
    }
}
