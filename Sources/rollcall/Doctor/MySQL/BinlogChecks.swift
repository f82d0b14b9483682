/// The binary log has to hold every change of every captured row, in full.
enum BinlogChecks {
    static func judge(_ facts: ServerFacts, databases: [String]) -> [Check] {
        guard facts.isOn("log_bin") else {
            return [
                logged.failure(
                    "the server keeps no binary log",
                    mend: "log_bin = binlog in the [mysqld] section of my.cnf, then restart the server")
            ]
        }
        return [
            logged.ok("the binary log is on"), format(facts), image(facts), partialJSON(facts),
            filter(facts, databases), replica(facts), serverID(facts),
        ].compactMap { $0 }
    }

    static let logged = Precondition(
        "mysql.binlog", why: "Debezium reads changes from the binary log. Without it no change ever leaves the database.")

    private static func format(_ facts: ServerFacts) -> Check {
        let precondition = Precondition(
            "mysql.binlog_format",
            why:
                "Under STATEMENT or MIXED the log holds statements instead of rows; Debezium skips those, and their users stay stale."
        )
        let format = facts["binlog_format"] ?? "ROW"
        guard format.uppercased() != "ROW" else { return precondition.ok("binlog_format is ROW") }
        return precondition.failure("binlog_format is \(format)", mend: setGlobal("binlog_format", "ROW", facts))
    }

    private static func image(_ facts: ServerFacts) -> Check {
        let precondition = Precondition(
            "mysql.binlog_row_image",
            why:
                "An incomplete row image may lack the user id before or after a change: a row that moves from one user to another "
                + "then leaves the first one stale.")
        let image = facts["binlog_row_image"] ?? "FULL"
        guard image.uppercased() != "FULL" else { return precondition.ok("binlog_row_image is FULL") }
        return precondition.failure("binlog_row_image is \(image)", mend: setGlobal("binlog_row_image", "FULL", facts))
    }

    /// Only MySQL 8 has it.
    private static func partialJSON(_ facts: ServerFacts) -> Check? {
        guard let options = facts["binlog_row_value_options"] else { return nil }
        let precondition = Precondition(
            "mysql.binlog_row_value_options", why: "Debezium cannot read partial updates of JSON columns, and passes over them.")
        guard options.uppercased().contains("PARTIAL_JSON") else { return precondition.ok("JSON columns are logged in full") }
        return precondition.failure(
            "binlog_row_value_options is \(options)", mend: setGlobal("binlog_row_value_options", "''", facts))
    }

    private static func filter(_ facts: ServerFacts, _ databases: [String]) -> Check? {
        guard facts.binlogStatusRefusal == nil else { return nil }
        let precondition = Precondition(
            "mysql.binlog_filter", why: "What binlog_do_db and binlog_ignore_db leave out of the log, nobody behind it ever sees."
        )
        let lost = databases.filter { database in
            facts.ignoredDatabases.contains(database)
                || (!facts.loggedDatabases.isEmpty && !facts.loggedDatabases.contains(database))
        }
        guard !lost.isEmpty else { return precondition.ok("no captured database is filtered out of the binary log") }
        return precondition.failure(
            "the binary log leaves out \(lost.joined(separator: ", "))",
            mend: "remove binlog_do_db and binlog_ignore_db from my.cnf, then restart the server")
    }

    private static func replica(_ facts: ServerFacts) -> Check? {
        guard facts.isReplica == true else { return nil }
        let precondition = Precondition(
            "mysql.log_replica_updates", why: "A replica writes what it receives into its own binary log only if it is told to.")
        guard !facts.isOn("log_slave_updates"), !facts.isOn("log_replica_updates") else {
            return precondition.ok("the server is a replica that logs what it receives")
        }
        return precondition.failure(
            "the server is a replica, and does not log what it receives",
            mend: "log_slave_updates = ON in my.cnf, then restart the server")
    }

    private static func serverID(_ facts: ServerFacts) -> Check {
        let precondition = Precondition(
            "mysql.server_id", why: "With server_id 0 a server refuses every replica, and Debezium is one.")
        let id = facts["server_id"] ?? "0"
        guard id == "0" else { return precondition.ok("server_id is \(id)") }
        return precondition.failure(
            "server_id is 0", mend: "server_id = 1 in my.cnf (unique among all replicas), then restart the server")
    }

    /// The statement that changes a variable for new sessions, and for good where the server can write that down.
    static func setGlobal(_ variable: String, _ value: String, _ facts: ServerFacts) -> String {
        let scope = facts.isMariaDB ? "GLOBAL" : "PERSIST"
        let file = facts.isMariaDB ? ", and \(variable) = \(value) in my.cnf" : ""
        return "SET \(scope) \(variable) = \(value);\(file) (sessions that are open keep the old value)"
    }
}
