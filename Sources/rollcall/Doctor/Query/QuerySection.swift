import Domain
import MySQL
import Source

/// Looks at the aggregate query and the tables behind it.
struct QuerySection {
    let settings: EffectiveSettings
    let source: SourceSettings

    /// The users with whom the query is tried: the first and the last ones.
    static let sampledUsersPerEnd = 200
    /// EXPLAIN looks at a query for a few users: for many the server may rightly prefer to read a small table as a whole.
    static let explainedUsers = 2

    func examine(_ connection: Connection) throws -> (Section, sample: [UserID]) {
        let tokens = SQLToken.scan(source.query.sql(for: [placeholderUser]))
        var checks = [VolatileFunctionCheck.judge(tokens), LimitCheck.judge(tokens)].compactMap { $0 }
        let sample = try sampledUsers(connection)
        checks += try runQuery(connection, sample)
        checks += try examineTables(connection, tokens)
        return (Section(name: "Aggregate query", checks: checks), sample)
    }

    private var placeholderUser: UserID { source.query.kind == .string ? UserID("-") : UserID("0") }

    /// Users from both ends of the users table; none where it cannot be read.
    private func sampledUsers(_ connection: Connection) throws -> [UserID] {
        guard let table = source.usersTable else { return [] }
        let column = SQLLiteral.identifier(source.usersColumn)
        let name = table.replacing("`", with: "").split(separator: ".").map { SQLLiteral.identifier(String($0)) }
            .joined(separator: ".")
        var users: Set<UserID> = []
        for order in ["ASC", "DESC"] {
            let found = try connection.attempt(
                "SELECT \(column) FROM \(name) ORDER BY \(column) \(order) LIMIT \(Self.sampledUsersPerEnd)")
            guard case .success(let rows) = found else { return [] }
            for row in 0..<rows.rowCount {
                if let user = rows.text(row, 0).flatMap({ try? source.query.kind.parse($0) }) { users.insert(user) }
            }
        }
        return users.sorted()
    }

    private func runQuery(_ connection: Connection, _ sample: [UserID]) throws -> [Check] {
        let runs = Precondition("query.runs", why: "Without the query there are no aggregates.")
        let few = sample.isEmpty ? [placeholderUser] : Array(sample.prefix(Self.explainedUsers))
        switch try connection.attempt("EXPLAIN " + source.query.sql(for: few)) {
        case .failure(let error):
            return [runs.failure("the server refuses the query: \(error.message)", mend: advice(error))]
        case .success(let plan):
            let reader = try SourceReader(source)
            defer { reader.close() }
            do {
                let rows = try reader.rows(of: sample.isEmpty ? [placeholderUser] : sample)
                return [
                    runs.ok("the query runs"), QueryPlanCheck.judge(PlanRow.read(plan)),
                    SampleRowsCheck.judge(users: sample, rows),
                    SnapshotPositionCheck.judge(
                        rows.position, isAccepted: try settings.value(EffectiveSettings.keys.pipeline.acceptUnknownPosition)),
                ]
            } catch let error as SourceError {
                return [runs.failure(error.description, mend: "source.key_field or source.columns in the settings")]
            } catch let error as MySQLError where !error.isConnectionLost {
                return [runs.failure("the server refuses the query: \(error.message)", mend: advice(error))]
            }
        }
    }

    /// Error numbers: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
    private func advice(_ error: MySQLError) -> String {
        switch error.code {
        case 1044, 1142, 1143:
            "GRANT SELECT ON \(source.connection.database ?? "DATABASE").* TO \(GrantChecks.quoted(source.connection.user));"
        case 1969, 3024: "an index, or a longer source.mysql.statement_timeout_seconds"
        default: "correct source.query in the settings; `rollcall config show` prints what is in force"
        }
    }

    private func examineTables(_ connection: Connection, _ tokens: [SQLToken]) throws -> [Check] {
        let keys = EffectiveSettings.keys
        let database = source.connection.database ?? ""
        let found = try QueryTableFinder(connection: connection, defaultDatabase: database).tables(of: tokens)
        let captured = try settings.captured()
        let users = CapturedTable(name: source.usersTable ?? "", defaultDatabase: database)
        let capturedFacts = try captured.map { ($0, try TableFacts($0.table, reading: connection)) }
        let usersFacts = try TableFacts(users, reading: connection)

        var carriers = capturedFacts.map { captured, facts in
            UserIDColumnChecks.Carrier(table: captured.table, column: captured.userIDColumn, facts: facts)
        }
        if !carriers.contains(where: { $0.table == users }) {
            carriers.append(.init(table: users, column: source.usersColumn, facts: usersFacts))
        }
        let everything =
            found.tables
            + capturedFacts.compactMap(\.1).filter { facts in
                !found.tables.contains { $0.table == facts.table }
            }
        return [
            CapturedTablesCheck.judge(
                tables: found.tables.map(\.table), hiddenViews: found.hiddenViews,
                topics: try settings.value(keys.changes).map(\.topic), prefix: try settings.value(keys.connector.server)),
            UsersTableCheck.judge(usersFacts, table: users, column: source.usersColumn),
        ] + UserIDColumnChecks.judge(carriers, kind: source.query.kind)
            + [
                CascadeCheck.judge(
                    everything, userIDColumns: Dictionary(captured.map { ($0.table, $0.userIDColumn) }, uniquingKeysWith: { $1 })),
                TriggerCheck.judge(everything), EngineCheck.judge(everything),
            ].compactMap { $0 }
    }
}
