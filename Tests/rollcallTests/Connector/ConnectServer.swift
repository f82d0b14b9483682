import Domain
import Synchronization

/// A server on loopback that answers as Kafka Connect's REST interface does, statuses and error texts included:
/// https://kafka.apache.org/documentation/#connect_rest
final class ConnectServer: Sendable {
    /// What goes wrong with one request.
    enum Fault: Sendable {
        case answer(Int, String)
        /// The answer takes longer than any client waits.
        case hang
        /// Something else than Connect answers.
        case webPage

        static let rebalance = answer(409, "Cannot complete request because of a conflicting operation (e.g. worker rebalance)")
        static let notReady = answer(500, "Request timed out. The worker is currently polling the group coordinator")
    }

    struct State: Sendable {
        var configurations: [String: JSONValue] = [:]
        /// The states that are shown one after the other; the last one stays. nil stands for "not stored yet".
        var statuses: [JSONValue?] = []
        /// Taken by the next requests, one each.
        var faults: [Fault] = []
        /// `PUT /connectors/shop/config`, in the order they came.
        var requests: [String] = []
        /// What the last request's Authorization header said.
        var authorization: String?
        var requiredAuthorization: String?
    }

    let state = Mutex(State())
    let url: String

    private init(url: String) {
        self.url = url
    }

    /// Runs `body` beside a server.
    static func with(_ body: (ConnectServer) throws -> Void) throws {
        let current = Mutex<ConnectServer?>(nil)
        let http = try LoopbackHTTP { request in current.withLock { $0 }.flatMap { $0.answer(request) } }
        defer { http.stop() }
        let server = ConnectServer(url: http.url)
        current.withLock { $0 = server }
        try body(server)
    }

    private func answer(_ request: LoopbackHTTP.Request) -> LoopbackHTTP.Answer? {
        state.withLock { state in
            state.requests.append("\(request.method) \(request.path)")
            state.authorization = request.headers["authorization"]
            switch state.faults.isEmpty ? nil : state.faults.removeFirst() {
            case .answer(let status, let message)?: return Self.error(status, message)
            case .webPage?: return .init(status: 200, body: Array("<html>Welcome to nginx!</html>".utf8))
            case .hang?: return nil
            case nil: return Self.answer(request, &state)
            }
        }
    }

    private static func answer(_ request: LoopbackHTTP.Request, _ state: inout State) -> LoopbackHTTP.Answer {
        if let required = state.requiredAuthorization, required != state.authorization {
            return error(401, "User cannot access the resource.")
        }
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count == 3, parts[0] == "connectors" else { return error(404, "HTTP 404 Not Found") }
        let name = parts[1]
        switch (request.method, parts[2]) {
        case ("GET", "config"):
            return state.configurations[name].map { json(200, $0) } ?? error(404, "Connector \(name) not found")
        case ("PUT", "config"):
            guard let value = try? JSONValue(parsing: request.body), value["connector.class"] != nil else {
                return error(400, "Connector config {} contains no connector type")
            }
            let isNew = state.configurations.updateValue(value, forKey: name) == nil
            return json(isNew ? 201 : 200, ["name": .string(name), "config": value, "tasks": [], "type": "source"])
        case ("GET", "status"):
            guard let first = state.statuses.first else { return error(404, "No status found for connector \(name)") }
            if state.statuses.count > 1 { state.statuses.removeFirst() }
            return first.map { json(200, $0) } ?? error(404, "No status found for connector \(name)")
        case ("POST", "restart"): return .init(status: 204, body: [])
        default: return error(405, "HTTP 405 Method Not Allowed")
        }
    }

    private static func json(_ status: Int, _ value: JSONValue) -> LoopbackHTTP.Answer {
        .init(status: status, body: value.bytes)
    }

    private static func error(_ status: Int, _ message: String) -> LoopbackHTTP.Answer {
        json(status, ["error_code": .number(status), "message": .string(message)])
    }
}

extension ConnectServer {
    /// `GET /status` of a connector with one task.
    ///
    /// - Parameter task: "" for a connector that has no task yet.
    static func status(connector: String = "RUNNING", task: String = "RUNNING", trace: String? = nil) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", 0), .init("state", .string(task)), .init("worker_id", "10.0.0.7:8083"),
        ]
        if let trace { members.append(.init("trace", .string(trace))) }
        return [
            "name": "shop", "connector": ["state": .string(connector), "worker_id": "10.0.0.7:8083"],
            "tasks": task.isEmpty ? [] : [.object(members)], "type": "source",
        ]
    }
}
