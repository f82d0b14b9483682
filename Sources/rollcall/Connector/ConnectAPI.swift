import Domain
import HTTP

/// Kafka Connect's REST interface: https://kafka.apache.org/documentation/#connect_rest
///
/// Belongs to one thread, and blocks it.
final class ConnectAPI {
    /// Where Connect is, and how to behave towards it.
    struct Target: Sendable {
        /// The address of a worker, such as `http://connect:8083`; any worker will do.
        var url: String
        var caFile: String?
        /// `user:password`.
        var basicAuthentication: String?
        /// How long one request may take. Connect itself gives up after 90 s.
        var timeoutMs = 30_000
        /// How long a request is repeated while the workers share out their work.
        var rebalancePatienceMs = 60_000
        /// The wait between two tries.
        var retryDelayMs = 1_000
    }

    private let target: Target
    private let client: Client
    private let sleep: (_ milliseconds: Int) throws -> Void

    /// - Parameter sleep: waits, and throws to end the wait for good.
    init(_ target: Target, sleep: @escaping (_ milliseconds: Int) throws -> Void = Pause.sleep) throws {
        self.target = target
        self.sleep = sleep
        var configuration = Configuration()
        configuration.totalTimeoutMs = target.timeoutMs
        configuration.connectTimeoutMs = min(target.timeoutMs, configuration.connectTimeoutMs)
        configuration.caFile = target.caFile
        configuration.headers = [Header("Accept", "application/json")]
        if let account = target.basicAuthentication {
            configuration.headers.append(Header("Authorization", "Basic " + Base64.encode(Array(account.utf8))))
        }
        client = try Client(configuration)
    }

    /// The configuration in force; nil where there is no such connector.
    func configuration(of name: String) throws -> ConnectorConfiguration? {
        guard let json = try ifFound({ try send(.get, name, "config") }) else { return nil }
        guard let members = json.members else { throw unexpected(name, "config") }
        return ConnectorConfiguration(
            Dictionary(members.map { ($0.name, $0.value.text ?? $0.value.description) }, uniquingKeysWith: { $1 }))
    }

    /// Creates the connector, or gives it another configuration.
    func put(_ configuration: ConnectorConfiguration, as name: String) throws {
        _ = try send(.put, name, "config", body: configuration.json.bytes)
    }

    /// The state of the connector and its tasks; nil where there is none, or none yet.
    func status(of name: String) throws -> ConnectorStatus? {
        guard let json = try ifFound({ try send(.get, name, "status") }) else { return nil }
        guard let status = ConnectorStatus(json) else { throw unexpected(name, "status") }
        return status
    }

    /// Starts failed parts of the connector anew:
    /// https://cwiki.apache.org/confluence/display/KAFKA/KIP-745
    func restartFailed(_ name: String) throws {
        _ = try send(.post, name, "restart?includeTasks=true&onlyFailed=true")
    }

    private func ifFound(_ request: () throws -> JSONValue) throws -> JSONValue? {
        do {
            return try request()
        } catch let error as ConnectError where error.code == .notFound {
            return nil
        }
    }

    private func address(_ name: String, _ resource: String) -> String {
        let base = target.url.hasSuffix("/") ? String(target.url.dropLast()) : target.url
        return "\(base)/connectors/\(percentEncoded(name))/\(resource)"
    }

    /// Sends a request, again while the workers are rebalancing.
    private func send(_ method: Method, _ name: String, _ resource: String, body: [UInt8]? = nil) throws -> JSONValue {
        var waitedMs = 0
        while true {
            do {
                return try sendOnce(method, address(name, resource), body)
            } catch let error as ConnectError where error.isRetriable && waitedMs < target.rebalancePatienceMs {
                try sleep(target.retryDelayMs)
                waitedMs += target.retryDelayMs
            }
        }
    }

    private func sendOnce(_ method: Method, _ url: String, _ body: [UInt8]?) throws -> JSONValue {
        let headers = body == nil ? [] : [Header("Content-Type", "application/json")]
        let response: Response
        do {
            response = try client.perform(Request(url: url, method: method, headers: headers, body: body))
        } catch let error as HTTPError {
            throw ConnectError(
                code: .unreachable,
                message: "Kafka Connect does not answer: \(error); check connector.url, and that a worker runs there")
        }
        // A request for an effect may be answered without a body.
        let json = response.body.isEmpty && method != .get ? .null : try? JSONValue(parsing: response.body)
        guard (200..<300).contains(response.status) else {
            throw ConnectError(status: response.status, body: json, request: "\(method.rawValue) \(redactedURL(url))")
        }
        guard let json else {
            throw ConnectError(
                code: .unreachable, message: "\(redactedURL(url)) answers, but not as Kafka Connect does; check connector.url")
        }
        return json
    }

    private func unexpected(_ name: String, _ resource: String) -> ConnectError {
        ConnectError(
            code: .unreachable,
            message: "\(redactedURL(address(name, resource))) answers, but not as Kafka Connect does; check connector.url")
    }
}

extension ConnectError {
    /// The error behind a status that is none of success, with Connect's own words: `{"error_code": 409, "message": "…"}`.
    init(status: Int, body: JSONValue?, request: String) {
        let words = body?["message"]?.text.map { ": \($0)" } ?? ""
        let said = "\(request): Kafka Connect answers \(status)\(words)"
        switch status {
        case 409, 503: self.init(code: .rebalance, message: said)
        case 404: self.init(code: .notFound, message: said)
        case 400, 422: self.init(code: .invalid, message: said)
        case 401, 403:
            self.init(code: .denied, message: said + "; check connector.basic_auth_file")
        default: self.init(code: .server, message: said)
        }
    }
}
