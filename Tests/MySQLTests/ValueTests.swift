import MySQL
import Sandbox
import Testing

@Suite("Values from a real server")
struct ValueTests {
    private let database: TestDatabase
    private let connection: Connection

    init() throws {
        database = try TestDatabase()
        connection = try database.connect()
    }

    @Test("NULL, empty text, NUL bytes, emoji and the largest integers arrive as they are")
    func extremes() throws {
        try connection.execute(
            "CREATE TABLE t (a VARCHAR(9), b VARCHAR(9), c VARBINARY(9), d VARCHAR(9), e BIGINT UNSIGNED, f BIGINT)")
        try connection.execute(
            "INSERT INTO t VALUES (NULL, '', X'00FF00', '🦊é', 18446744073709551615, -9223372036854775808)")
        let result = try connection.query("SELECT * FROM t")
        #expect(
            result.rows == [
                [
                    nil, [], [0, 255, 0], Array("🦊é".utf8), Array("18446744073709551615".utf8),
                    Array("-9223372036854775808".utf8),
                ]
            ])
        #expect(result.text(0, "d") == "🦊é")
        #expect(result.text(0, 0) == nil)
        #expect(result.integer(0, 5) == .min)
        #expect(result.integer(0, 4) == nil, "it is larger than Int")
    }

    @Test("a latin1 column is read as UTF-8")
    func latin1() throws {
        try connection.execute("CREATE TABLE t (a VARCHAR(9) CHARACTER SET latin1)")
        try connection.execute("INSERT INTO t VALUES ('déjà €')")
        #expect(try connection.query("SELECT a, HEX(a) FROM t").textRows == [["déjà €", "64E96AE02080"]])
    }

    @Test("every declared type is recognized")
    func columnTypes() throws {
        let declarations: [(sql: String, type: ColumnType, isBinary: Bool)] = [
            ("TINYINT", .tinyInt, false), ("SMALLINT", .smallInt, false), ("MEDIUMINT", .mediumInt, false),
            ("INT", .int, false), ("BIGINT", .bigInt, false), ("DECIMAL(10,2)", .decimal, false), ("FLOAT", .float, false),
            ("DOUBLE", .double, false), ("BIT(9)", .bit, true), ("YEAR", .year, false), ("DATE", .date, false),
            ("TIME(3)", .time, false), ("DATETIME(6)", .dateTime, false), ("TIMESTAMP NULL", .timestamp, false),
            ("CHAR(3)", .char, false), ("VARCHAR(3)", .varChar, false), ("TEXT", .text, false), ("LONGTEXT", .text, false),
            ("BINARY(3)", .binary, true), ("VARBINARY(3)", .varBinary, true), ("BLOB", .blob, true),
            ("TINYBLOB", .blob, true), ("ENUM('a','b')", .enumeration, false), ("SET('a','b')", .set, false),
            ("JSON", .json, false), ("POINT", .geometry, true),
        ]
        let list = declarations.enumerated().map { "c\($0) \($1.sql)" }.joined(separator: ", ")
        try connection.execute("CREATE TABLE t (\(list))")
        let columns = try connection.query("SELECT * FROM t").columns
        for (column, declaration) in zip(columns, declarations) {
            #expect(column.type == declaration.type, "\(declaration.sql)")
            #expect(column.isBinary == declaration.isBinary, "\(declaration.sql)")
        }
        #expect(columns.count == declarations.count)
        #expect(try connection.query("SELECT NULL").columns.map(\.type) == [.null])
    }

    @Test("a column tells its alias, its origin, its sign and whether it can be NULL")
    func columnAttributes() throws {
        try connection.execute("CREATE TABLE users (id INT UNSIGNED NOT NULL, price DECIMAL(10,3))")
        let columns = try connection.query("SELECT u.id AS who, u.price, 1 + 1 AS two FROM users u").columns
        #expect(columns.map(\.name) == ["who", "price", "two"])
        #expect(columns.map(\.originalName) == ["id", "price", ""])
        #expect(columns.map(\.originalTable) == ["users", "users", ""])
        #expect(columns.map(\.isUnsigned) == [true, false, false])
        #expect(columns.map(\.isNotNull) == [true, false, true])
        #expect(columns[1].decimals == 3)
    }

    @Test("literals bring any text and any bytes back unchanged")
    func literals() throws {
        let ascii = String(decoding: (0...127).map(UInt8.init), as: UTF8.self)
        for text in [ascii, "", "'", "\\", "\\'", "a''b", "Ωβ🦊\u{0}\u{1a}%_", "' OR 1=1 -- "] {
            #expect(try connection.query("SELECT \(SQLLiteral.text(text))").text(0, 0) == text)
        }
        let every = (0...255).map(UInt8.init)
        #expect(try connection.query("SELECT \(SQLLiteral.binary(every))").bytes(0, 0) == every)
        #expect(try connection.query("SELECT \(SQLLiteral.binary([]))").bytes(0, 0) == [])
        try connection.execute("CREATE TABLE \(SQLLiteral.identifier("a`b")) (\(SQLLiteral.identifier("select")) INT)")
        #expect(try connection.query("SHOW TABLES").textRows == [["a`b"]])
    }

    @Test("a literal cannot be left by a quote even without backslash escapes")
    func literalWithoutBackslashEscapes() throws {
        try connection.execute("SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'")
        let result = try connection.query("SELECT \(SQLLiteral.text("\\' OR '1'='1")) AS a")
        #expect(result.text(0, 0) == "\\\\' OR '1'='1")
    }
}
