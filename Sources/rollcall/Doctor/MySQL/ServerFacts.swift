import Glibc
import MySQL
import Source

/// What a server says of itself, as far as preconditions depend on it.
struct ServerFacts: Sendable {
    var version = ""
    var isMariaDB = false
    /// Global variables by their names in lower case: what new sessions get, Debezium's and the application's.
    var variables: [String: String] = [:]
    /// Why the end of the binary log cannot be read; nil where it can.
    var binlogStatusRefusal: String?
    /// Databases that are the only ones in the binary log; empty means all.
    var loggedDatabases: [String] = []
    var ignoredDatabases: [String] = []
    /// The binary log's files, oldest first; nil where they cannot be listed.
    var binlogFiles: [String]?
    /// Whether the server follows another one; nil where it will not tell.
    var isReplica: Bool?
    var clock: ClockReading?
    var sessionTimeZone: String?
    var user = ""
    /// The lines of `SHOW GRANTS`.
    var grants: [String] = []

    subscript(variable: String) -> String? { variables[variable] }

    /// Whether a variable is on, whichever word the server uses.
    func isOn(_ variable: String) -> Bool {
        ["1", "ON"].contains(variables[variable]?.uppercased() ?? "")
    }
}

extension ServerFacts {
    /// Asks a server for everything at once.
    ///
    /// - Throws: `MySQLError` when the connection is lost; what the account may not see is left out instead.
    init(reading connection: Connection) throws {
        version = connection.serverVersion
        isMariaDB = connection.isMariaDB
        let rows = try connection.query("SHOW GLOBAL VARIABLES")
        for row in 0..<rows.rowCount { variables[rows.text(row, 0)?.lowercased() ?? ""] = rows.text(row, 1) }
        user = try connection.query("SELECT CURRENT_USER()").text(0, 0) ?? ""
        grants = try connection.query("SHOW GRANTS").firstColumn
        clock = try ClockReading(reading: connection)
        sessionTimeZone = try connection.query("SELECT @@session.time_zone").text(0, 0)
        try readBinlogStatus(connection)
        binlogFiles = try? connection.attempt("SHOW BINARY LOGS").get().firstColumn
        isReplica = try? !connection.attempt(isMariaDB ? "SHOW ALL SLAVES STATUS" : "SHOW SLAVE STATUS").get().isEmpty
    }

    private mutating func readBinlogStatus(_ connection: Connection) throws {
        guard isOn("log_bin") else { return }
        // The old name is the one that all servers up to MySQL 8.3 know, the new one came with 8.2.
        var answer = try connection.attempt("SHOW MASTER STATUS")
        if case .failure = answer, !isMariaDB { answer = try connection.attempt("SHOW BINARY LOG STATUS") }
        switch answer {
        case .failure(let refusal): binlogStatusRefusal = refusal.message
        case .success(let status) where !status.isEmpty:
            loggedDatabases = Self.list(status.text(0, "Binlog_Do_DB"))
            ignoredDatabases = Self.list(status.text(0, "Binlog_Ignore_DB"))
        case .success: break
        }
    }

    private static func list(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map(String.init)
    }
}

/// What two clocks said at about the same time.
struct ClockReading: Sendable, Equatable {
    /// By how much the other clock is ahead, in milliseconds; negative if it is behind.
    var aheadMs: Int64
    /// By how much that may be wrong: half of the time that the question took.
    var uncertaintyMs: Int64

    init(aheadMs: Int64, uncertaintyMs: Int64) {
        self.aheadMs = aheadMs
        self.uncertaintyMs = uncertaintyMs
    }

    /// Asks a server for its time.
    init?(reading connection: Connection) throws {
        let before = Self.nowMs()
        let result = try connection.query("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS SIGNED)")
        let after = Self.nowMs()
        guard let theirs = result.integer(0, 0) else { return nil }
        self.init(aheadMs: Int64(theirs) - (before + after) / 2, uncertaintyMs: (after - before + 1) / 2)
    }

    /// This machine's time in milliseconds since 1970.
    static func nowMs() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
