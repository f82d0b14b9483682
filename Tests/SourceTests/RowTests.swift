import Domain
import MySQL
import Sandbox
import Source
import Testing

@Suite("Rows of the aggregate query")
struct RowTests {
    private func joined() throws -> Fixture {
        try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, email VARCHAR(50))",
            "CREATE TABLE prefs (id BIGINT PRIMARY KEY, dark_mode TINYINT)",
            "INSERT INTO users VALUES (1, 'ada@example.com'), (2, 'bob'), (3, NULL)", "INSERT INTO prefs VALUES (1, 1), (4, 0)")
    }

    @Test("of some users are theirs; who has none is in no list")
    func someUsers() throws {
        let fixture = try joined()
        let reader = try fixture.reader(
            "SELECT u.id, u.email, p.dark_mode FROM users u LEFT JOIN prefs p ON p.id = u.id WHERE :users")
        let found = try reader.rows(of: ids("1", "3", "4", "99"))
        #expect(
            found.rows.mapValues { text($0) } == [
                UserID("1"): #"{"id":1,"email":"ada@example.com","dark_mode":1}"#,
                UserID("3"): #"{"id":3,"email":null,"dark_mode":null}"#,
            ])
        #expect(found.failures.isEmpty)
        #expect(found.position != nil)
        #expect(try reader.rows(of: []) == SnapshotRows(position: nil))
    }

    @Test("come from the tables that the server names, by the columns' names in the result; what is computed comes from none")
    func tables() throws {
        let fixture = try joined()
        let reader = try fixture.reader(
            "SELECT u.id, u.email AS mail, p.dark_mode, COALESCE(p.dark_mode, 0) AS dark FROM users u LEFT JOIN prefs p ON p.id = u.id WHERE :users"
        )
        #expect(try reader.tables() == ["id": "users", "mail": "users", "dark_mode": "prefs"])
    }

    @Test("twice for one user are a failure of that user alone, in a list and in any order")
    func duplicates() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (n INT PRIMARY KEY, id BIGINT, v INT)",
            "INSERT INTO users VALUES (1, 7, 1), (2, 8, 2), (3, 7, 1), (4, 7, 3)")
        let found = try fixture.reader().rows(of: ids("7", "8"))
        #expect(found.rows.keys.map(\.text) == ["8"])
        #expect(found.failures.keys.map(\.text) == ["7"])
        #expect(found.failures[UserID("7")]?.reason == .duplicateRow)
        #expect(try fixture.reader().scanned().map(\.user.text).sorted() == ["7", "7", "7", "8"])
    }

    @Test("that cannot be encoded fail alone, and say why")
    func badRow() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, age VARCHAR(9))",
            "INSERT INTO users VALUES (1, '12'), (2, 'twelve'), (3, '-03')")
        let reader = try fixture.reader(columns: ["age": .integer])
        let found = try reader.rows(of: ids("1", "2", "3"))
        #expect(text(found.rows[UserID("3")]) == #"{"id":3,"age":-3}"#)
        #expect(found.failures == [UserID("2"): RowFailure(.badRow, "column `age` of user 2: not an integer")])
        #expect(try reader.scanned().filter { (try? $0.row.get()) == nil }.map(\.user) == ids("2"))
    }

    @Test("whose id is not what the settings promise fail alone; the id becomes no SQL, and can be asked for again")
    func badID() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id VARCHAR(40) PRIMARY KEY)", "INSERT INTO users VALUES ('7'), ('1) OR (1=1'), ('NULL')")
        let reader = try fixture.reader()
        let bad = try reader.scanned().filter { (try? $0.row.get()) == nil }.map(\.user)
        #expect(Set(bad) == Set(ids("1) OR (1=1", "NULL")))
        let again = try reader.rows(of: bad)
        #expect(again.rows.isEmpty)
        #expect(again.failures.mapValues(\.reason) == Dictionary(uniqueKeysWithValues: bad.map { ($0, .badUserID) }))
    }

    @Test("are refused when the query yields no key, a column twice, or none of a declared name")
    func badColumns() throws {
        let fixture = try joined()
        #expect(throws: SourceError.noKeyField("user_id", columns: ["id", "email"])) {
            try fixture.reader(keyField: "user_id").rows(of: ids("1"))
        }
        #expect(throws: SourceError.unknownColumn("mail", columns: ["id", "email"])) {
            try fixture.reader(columns: ["mail": .string]).rows(of: ids("1"))
        }
        #expect(throws: SourceError.repeatedColumn("id")) {
            try fixture.reader("SELECT u.*, p.* FROM users u LEFT JOIN prefs p ON p.id = u.id WHERE :users").rows(of: ids("1"))
        }
        #expect(throws: SourceError.self, "also where no row shows the mistake") {
            try fixture.reader(columns: ["mail": .string]).rows(of: ids("99"))
        }
    }

    @Test("follow the table when it is altered under an open reader")
    func alteredTable() throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY, v INT)", "INSERT INTO users VALUES (1, 5), (2, 6)")
        let reader = try fixture.reader()
        #expect(text(try reader.rows(of: ids("1")).rows[UserID("1")]) == #"{"id":1,"v":5}"#)
        for (statement, row) in [
            ("ALTER TABLE users ADD COLUMN w VARCHAR(5) DEFAULT 'x'", #"{"id":1,"v":5,"w":"x"}"#),
            ("ALTER TABLE users MODIFY v FLOAT", #"{"id":1,"v":5,"w":"x"}"#),
            ("UPDATE users SET v = 16777218", #"{"id":1,"v":16777218,"w":"x"}"#),
            ("ALTER TABLE users MODIFY v VARCHAR(20)", #"{"id":1,"v":"16777200","w":"x"}"#),
            ("ALTER TABLE users DROP COLUMN v", #"{"id":1,"w":"x"}"#),
        ] {
            try fixture.connection.execute(statement)
            let found = text(try reader.rows(of: ids("1", "2")).rows[UserID("1")])
            // What MODIFY makes of a FLOAT is the server's affair; that the column is a text now is not.
            if statement.hasSuffix("VARCHAR(20)") {
                #expect(found?.contains(#""v":""#) == true)
            } else {
                #expect(found == row, "\(statement)")
            }
        }
    }

    @Test("are read without a right to write: a query that changes something is refused by the server")
    func readOnly() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY)", "CREATE TABLE seen (id BIGINT)", "INSERT INTO users VALUES (1)",
            "CREATE FUNCTION note(user BIGINT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO seen VALUES (user); RETURN 1; END"
        )
        let reader = try fixture.reader("SELECT u.id, note(u.id) AS n FROM users u WHERE :users")
        let error = #expect(throws: MySQLError.self) { try reader.rows(of: ids("1")) }
        #expect(error?.code == 1792)
        #expect(try fixture.connection.query("SELECT * FROM seen").isEmpty)
    }

    @Test("stop where their reader stops, and the next read works")
    func stopped() throws {
        struct Enough: Error {}
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY)", "INSERT INTO users SELECT seq FROM seq_1_to_2000")
        let reader = try fixture.reader()
        var seen = 0
        #expect(throws: Enough.self) {
            try reader.scan(after: nil, through: nil) { _, _ in
                seen += 1
                if seen == 3 { throw Enough() }
            }
        }
        #expect(try reader.scanned().count == 2000)
    }
}
