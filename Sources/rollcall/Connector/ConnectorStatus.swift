import Domain

/// What Kafka Connect says of a connector: `GET /connectors/NAME/status`.
struct ConnectorStatus: Sendable, Equatable {
    /// The states that Connect knows; a later version may add to them.
    struct State: Sendable, Equatable, CustomStringConvertible {
        var text: String
        var description: String { text }

        static let running = State(text: "RUNNING")
        static let failed = State(text: "FAILED")
    }

    struct Part: Sendable, Equatable {
        /// The task's number; nil for the connector itself.
        var task: Int64?
        var state: State
        var worker: String
        /// Why it failed, as a Java stack trace.
        var trace: String?

        /// `connector` or `task 0`.
        var name: String { task.map { "task \($0)" } ?? "connector" }
        /// What it failed of, on one line.
        var rootCause: String? { trace.flatMap(StackTrace.rootCause) }
    }

    var connector: Part
    var tasks: [Part]

    init(connector: Part, tasks: [Part]) {
        self.connector = connector
        self.tasks = tasks
    }

    /// Reads the answer; nil where it is none.
    init?(_ json: JSONValue) {
        guard let connector = json["connector"].flatMap(Part.init), case .array(let tasks)? = json["tasks"] else { return nil }
        self.init(connector: connector, tasks: tasks.compactMap(Part.init))
    }

    var parts: [Part] { [connector] + tasks }

    /// Whether the connector and at least one task run, and nothing else than that is the case.
    var isRunning: Bool { !tasks.isEmpty && parts.allSatisfy { $0.state == .running } }

    /// Whether something failed, so that waiting does not help.
    var hasFailed: Bool { parts.contains { $0.state == .failed } }

    /// One line per part: `task 0  FAILED  on 10.0.0.7:8083: Access denied for user 'debezium'@'%'`.
    var text: String {
        var table = TextTable()
        for part in parts {
            table.add([
                part.name, part.state.text, "on \(part.worker)" + (part.rootCause.map { ": \($0)" } ?? ""),
            ])
        }
        if tasks.isEmpty { table.add(["tasks", "none"]) }
        return table.text
    }

    var json: JSONValue {
        func json(_ part: Part) -> JSONValue {
            [
                "task": .number(part.task), "state": .string(part.state.text), "worker": .string(part.worker),
                "root_cause": .string(part.rootCause),
            ]
        }
        return ["connector": json(connector), "tasks": .array(tasks.map(json))]
    }
}

extension ConnectorStatus.Part {
    init?(_ json: JSONValue) {
        guard let state = json["state"]?.text else { return nil }
        self.init(
            task: json["id"]?.integer, state: .init(text: state), worker: json["worker_id"]?.text ?? "?",
            trace: json["trace"]?.text)
    }
}
