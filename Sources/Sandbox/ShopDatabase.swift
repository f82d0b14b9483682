import MySQL

/// The sample database of the sandbox: a shop with `users`, their `preferences`, and Rollcall's fence table.
public enum ShopDatabase {
    /// The database's name.
    public static let name = "shop"
    /// The account that the shop itself writes with; Rollcall's own is ``MariaDBServer/user``, which reads, and writes
    /// the fence table only.
    public static let writer = "shop"
    /// The password of ``writer``.
    public static let writerPassword = "shop-sandbox"
    /// The captured tables.
    public static let tables = ["shop.users", "shop.preferences", "shop.rollcall_fence"]

    /// Makes the database and its accounts, unless they are there.
    static let definition = [
        "CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4",
        """
        CREATE TABLE IF NOT EXISTS shop.users (
            user_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
            email VARCHAR(255) CHARACTER SET utf8mb4 NOT NULL,
            full_name VARCHAR(255) NULL,
            status ENUM('active', 'suspended', 'closed') NOT NULL DEFAULT 'active',
            credit DECIMAL(12,2) NOT NULL DEFAULT 0,
            created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
            updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS shop.preferences (
            user_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
            dark_mode TINYINT(1) NOT NULL DEFAULT 0,
            newsletter TINYINT(1) NULL,
            locale VARCHAR(10) NOT NULL DEFAULT 'en',
            updated_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS shop.rollcall_fence (
            id INT NOT NULL PRIMARY KEY,
            nonce VARCHAR(64) NOT NULL,
            written_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
        )
        """,
        "CREATE USER IF NOT EXISTS '\(writer)'@'%' IDENTIFIED BY '\(writerPassword)'",
        "GRANT ALL PRIVILEGES ON shop.* TO '\(writer)'@'%'",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON shop.rollcall_fence TO '\(MariaDBServer.user)'@'%'",
    ]

    /// Inserts users 1 to `count` with preferences for four out of five, the same ones each time.
    static func sample(users count: Int) -> [String] {
        guard count > 0 else { return [] }
        return [
            """
            INSERT IGNORE INTO shop.users (user_id, email, full_name, status, credit, created_at)
                SELECT seq, CONCAT('user', seq, '@example.com'), IF(seq % 11 = 0, NULL, CONCAT('Åsa Müller ', seq)),
                    ELT(1 + (seq % 20 = 0) + (seq % 50 = 0), 'active', 'suspended', 'closed'), (seq * 37 % 100000) / 100,
                    '2024-01-01' + INTERVAL seq MINUTE
                FROM shop.seq_1_to_\(count)
            """,
            """
            INSERT IGNORE INTO shop.preferences (user_id, dark_mode, newsletter, locale)
                SELECT seq, seq % 2, IF(seq % 3 = 0, NULL, seq % 7 = 0), ELT(1 + seq % 4, 'en', 'de', 'sv-SE', 'pt-BR')
                FROM shop.seq_1_to_\(count) WHERE seq % 5 <> 0
            """,
        ]
    }

    /// Runs statements one after the other as `root`, through the server's socket; the first error ends the run.
    static func run(_ statements: [String], on server: MariaDBServer) throws(SandboxError) {
        var settings = ConnectionSettings(socketPath: server.socketPath, user: "root")
        // A large sample takes its time.
        settings.readTimeoutSeconds = 600
        var current = ""
        do throws(MySQLError) {
            let connection = try Connection(settings)
            defer { connection.close() }
            for statement in statements {
                current = statement
                _ = try connection.execute(statement)
            }
        } catch {
            throw .sql(statement: current, reason: error.message)
        }
    }
}
