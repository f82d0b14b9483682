import Domain
import MySQL
import Source
import Testing

/// A second reading shares nothing with the row encoder, and must say the same of every type.
@Suite("A second reading of a row")
struct SecondReadingTests {
    @Test("says in every column what the encoder wrote, under natural kinds and declared ones", arguments: [false, true])
    func agrees(_ withFloat: Bool) throws {
        let (fixture, _, _) = try TypeTests.wideTable(withFloat: withFloat)
        let reader = try fixture.reader(columns: TypeTests.kinds)
        let readings = try reader.secondReading(of: ids("1", "2", "3"))
        let rows = try reader.rows(of: ids("1", "2", "3")).rows
        #expect(Set(readings.keys) == Set(ids("1", "2")))
        let comparison = FieldComparison(try reader.fields())
        for (user, reading) in readings {
            let row = try #require(rows[user])
            #expect(reading.digest == Digest(of: row))
            #expect(comparison.differingFields(reading.fields, try JSONValue(parsing: row)) == [])
            #expect(reading.names == Set(try reader.fields().map(\.name)))
            // Whatever is left out would not be checked.
            #expect(reading.names.subtracting(reading.fields.map(\.name)).isEmpty)
        }
    }

    @Test("notices each value that an encoder would have changed")
    func notices() throws {
        let (fixture, _, _) = try TypeTests.wideTable(withFloat: true)
        let reader = try fixture.reader(columns: TypeTests.kinds)
        let reading = try #require(try reader.secondReading(of: ids("1"))[UserID("1")])
        let row = try JSONValue(parsing: try #require(try reader.rows(of: ids("1")).rows[UserID("1")]))
        let comparison = FieldComparison(try reader.fields())
        for member in try #require(row.members) {
            let changed = JSONValue.object((row.members ?? []).map { $0.name == member.name ? .init($0.name, ["?"]) : $0 })
            #expect(comparison.differingFields(reading.fields, changed) == [member.name])
        }
    }

    @Test("leaves to the encoder what the settings make of a number that is to be a text")
    func declaredText() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, n INT(5) ZEROFILL)", "INSERT INTO users VALUES (1, 7)")
        let reading = try fixture.reader(columns: ["n": .string]).secondReading(of: ids("1"))[UserID("1")]
        #expect(reading?.fields.map(\.name) == ["id"])
        #expect(reading?.names == ["id", "n"])
    }

    @Test("and the id of the encoding change with the type of a column, though nobody touched the query")
    func encodingID() throws {
        let fixture = try Fixture("CREATE TABLE users (id BIGINT PRIMARY KEY, n INT)", "INSERT INTO users VALUES (1, 7)")
        let reader = try fixture.reader()
        let before = try reader.encodingID()
        #expect(try reader.rows(of: ids("1")).encodingID == before)
        try fixture.connection.execute("ALTER TABLE users MODIFY n VARCHAR(9)")
        #expect(try reader.encodingID() != before)
        #expect(try reader.rows(of: ids("1")).encodingID == reader.encodingID())
    }

    @Test("of declared kinds takes names as the query spells them, whatever their case")
    func camelCase() throws {
        let fixture = try Fixture(
            "CREATE TABLE users (id BIGINT PRIMARY KEY, darkMode TINYINT(1))", "INSERT INTO users VALUES (1, 1)")
        for name in ["darkMode", "darkmode", "DARKMODE"] {
            let rows = try fixture.reader(columns: [name: .boolean]).rows(of: ids("1"))
            #expect(text(rows.rows[UserID("1")]) == #"{"id":1,"darkMode":true}"#)
        }
        let twice = "SELECT u.id, u.darkMode, u.darkMode AS DarkMode FROM users u WHERE :users"
        #expect(throws: SourceError.ambiguousColumn("darkmode", columns: ["darkMode", "DarkMode"])) {
            try fixture.reader(twice, columns: ["darkmode": .boolean]).rows(of: ids("1"))
        }
        #expect(throws: SourceError.ambiguousColumn("darkmode", columns: ["darkMode"])) {
            try fixture.reader(columns: ["darkMode": .boolean, "darkmode": .integer]).rows(of: ids("1"))
        }
        #expect(throws: SourceError.unknownColumn("dark_mode", columns: ["id", "darkMode"])) {
            try fixture.reader(columns: ["dark_mode": .boolean]).rows(of: ids("1"))
        }
    }
}
