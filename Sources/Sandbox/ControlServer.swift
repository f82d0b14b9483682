import FlyingFox
import FlyingSocks
import Foundation
import Glibc

/// An HTTP server on a free port of 127.0.0.1, as the broker and the mapping service offer one.
///
/// The loopback interface and the private directory are the only protection: this is test equipment.
enum ControlServer {
    /// Starts serving, and returns the server's port and the task that serves until it is cancelled.
    static func start(handler: some HTTPHandler) async throws -> (port: Int, server: HTTPServer, serving: Task<Void, any Error>) {
        // Handlers may hang on demand for as long as a fault wants; the server itself never gives up on one.
        let server = HTTPServer(
            config: .init(
                address: try .inet(ip4: "127.0.0.1", port: 0), timeout: 24 * 3_600,
                pool: PromptPool(base: HTTPServer.defaultPool()), logger: .disabled),
            handler: handler)
        let serving = Task { try await server.run() }
        try await server.waitUntilListening()
        guard case .ip4(_, let port)? = await server.listeningAddress else {
            serving.cancel()
            throw SandboxError.cannotStart(program: "an HTTP server", reason: "it has no address")
        }
        return (Int(port), server, serving)
    }

    /// An answer with a JSON body.
    static func json(_ value: some Encodable, status: HTTPStatusCode = .ok) throws -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return HTTPResponse(statusCode: status, headers: [.contentType: "application/json"], body: try encoder.encode(value))
    }

    /// An answer whose body is JSON already.
    static func answer(json: [UInt8]) -> HTTPResponse {
        HTTPResponse(statusCode: .ok, headers: [.contentType: "application/json"], body: Data(json))
    }

    /// An answer that says in words what was wrong with the request.
    static func refusal(_ status: HTTPStatusCode, _ reason: String) -> HTTPResponse {
        HTTPResponse(statusCode: status, headers: [.contentType: "text/plain"], body: Data(reason.utf8))
    }
}

/// Turns Nagle's algorithm off, which FlyingFox leaves on. It sends an answer's head and body apart, and the body would wait
/// until the client has acknowledged the head: 40 ms, which would drown whatever is to be measured.
private struct PromptPool<Base: AsyncSocketPool>: AsyncSocketPool {
    let base: Base

    func prepare() async throws { try await base.prepare() }
    func run() async throws { try await base.run() }

    /// The listening socket comes here before anyone has connected, and those that it accepts inherit its options.
    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        var on: Int32 = 1
        setsockopt(socket.file.rawValue, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        try await base.suspendSocket(socket, untilReadyFor: events)
    }
}
