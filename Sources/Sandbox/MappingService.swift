import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

/// The mapping service of the sandbox: ids of a user in other systems, over HTTP, with faults on demand.
///
/// | request | answer |
/// |---|---|
/// | `GET /mappings/42` | the ``Mapping`` in JSON, or 404 |
/// | `GET /mappings?ids=1,2,3` | an object with a mapping under each known user id |
/// | `PUT /_faults` | sets ``MappingFaults``; `{}` ends them |
/// | `PUT /_generation` | `{"generation":2}`, or with `"users":["42"]` for those only: the service changed |
/// | `PUT /_unknown` | `["7"]`: the users it does not know |
/// | `GET /_stats` | ``MappingStats`` since the start |
public enum MappingService {
    /// Serves on a free port of 127.0.0.1, which is written to `readyFile`, until the process ends.
    public static func run(readyFile: String) async throws {
        let control = try await ControlServer.start(handler: MappingHandler())
        try ReadyFile.write(.init(port: control.port), to: readyFile)
        try await control.serving.value
    }
}

final class MappingHandler: HTTPHandler {
    private let state = Mutex(MappingState())

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        switch (request.method, request.path) {
        case (.GET, "/mappings"):
            let list = request.query.first { $0.name == "ids" }?.value ?? ""
            return try await answer(list.split(separator: ",").map(String.init), single: false)
        case (.GET, let path) where path.hasPrefix("/mappings/"):
            return try await answer([String(path.dropFirst("/mappings/".count))], single: true)
        case (.GET, "/_stats"):
            return try ControlServer.json(state.withLock { $0.stats })
        case (.PUT, "/_faults"):
            return await change(request, MappingFaults.self) { $0.faults = $1 }
        case (.PUT, "/_generation"):
            return await change(request, MappingState.NewGeneration.self) { $0.change($1) }
        case (.PUT, "/_unknown"):
            return await change(request, Set<String>.self) { $0.unknownUsers = $1 }
        default:
            return ControlServer.refusal(.notFound, "no such resource: \(request.method.rawValue) \(request.path)")
        }
    }

    private func change<Value: Decodable & Sendable>(
        _ request: HTTPRequest, _ type: Value.Type, _ apply: @Sendable (inout MappingState, Value) -> Void
    ) async -> HTTPResponse {
        do {
            let value = try JSONDecoder().decode(type, from: await request.bodyData)
            state.withLock { apply(&$0, value) }
            return HTTPResponse(statusCode: .noContent)
        } catch {
            return ControlServer.refusal(.badRequest, "\(error)")
        }
    }

    private func answer(_ users: [String], single: Bool) async throws -> HTTPResponse {
        let fate = state.withLock { $0.begin(users: users) }
        defer { state.withLock { $0.end() } }
        if fate.latencyMs > 0 { try await Task.sleep(for: .milliseconds(fate.latencyMs)) }
        if let faults = fate.failing { return try await faults.failingResponse() }
        let mappings = state.withLock { state in users.map { state.mapping(of: $0) } }
        guard single else {
            return ControlServer.answer(json: Mapping.json(of: zip(users, mappings)))
        }
        guard let mapping = mappings.first ?? nil else { return ControlServer.refusal(.notFound, "no such user") }
        return ControlServer.answer(json: mapping.json.bytes)
    }
}

extension MappingFaults {
    /// The answer to a request that is to fail.
    func failingResponse() async throws -> HTTPResponse {
        let json = HTTPHeaders([.contentType: "application/json"])
        switch failure {
        case .hang:
            // Until the server stops.
            try await Task.sleep(for: .seconds(24 * 3_600))
            return HTTPResponse(statusCode: .gatewayTimeout)
        case .truncatedBody:
            return HTTPResponse(statusCode: .ok, headers: json, body: .brokenOff(Data(#"{"user_id":"#.utf8), promisedBytes: 100))
        case .oversizedBody:
            let filler = Data(repeating: UInt8(ascii: "x"), count: max(0, bodyBytes - 14))
            return HTTPResponse(statusCode: .ok, headers: json, body: Data(#"{"user_id":""#.utf8) + filler + Data("\"}".utf8))
        case .brokenJSON:
            return HTTPResponse(statusCode: .ok, headers: json, body: Data("{\"user_id\": <html>".utf8))
        case .wrongJSON:
            return HTTPResponse(statusCode: .ok, headers: json, body: Data("[[\"surprise\"]]".utf8))
        case .disconnect:
            return HTTPResponse(webSocket: RefusedUpgrade())
        case .status, nil:
            var headers = HTTPHeaders()
            if let retryAfterSeconds { headers[HTTPHeader("Retry-After")] = "\(retryAfterSeconds)" }
            let reason = Data("a fault was asked for".utf8)
            return HTTPResponse(statusCode: HTTPStatusCode(status, phrase: "Fault"), headers: headers, body: reason)
        }
    }
}

/// Fails before a byte of an answer is sent, upon which the server closes the connection.
private struct RefusedUpgrade: WSHandler {
    struct Refused: Error {}

    func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> {
        throw Refused()
    }
}

extension HTTPBodySequence {
    /// A body that stops early: the server closes the connection in its middle.
    fileprivate static func brokenOff(_ beginning: Data, promisedBytes: Int) -> HTTPBodySequence {
        HTTPBodySequence(from: BrokenOffBody(beginning: beginning), count: promisedBytes)
    }
}

/// Gives its beginning, and then fails.
private struct BrokenOffBody: AsyncBufferedSequence {
    typealias Element = UInt8
    struct BrokenOff: Error {}

    var beginning: Data

    func makeAsyncIterator() -> Iterator { Iterator(rest: beginning) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        var rest: Data

        mutating func next() async throws -> UInt8? {
            guard let byte = rest.popFirst() else { throw BrokenOff() }
            return byte
        }

        mutating func nextBuffer(suggested count: Int) async throws -> Data? {
            guard !rest.isEmpty else { throw BrokenOff() }
            defer { rest = Data() }
            return rest
        }
    }
}
