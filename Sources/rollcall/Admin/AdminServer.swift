import Dispatch
import Domain
import FlyingFox
import Foundation
import Pipeline
import Synchronization

/// The small HTTP server beside a running pipeline: `/metrics`, `/healthz` and `/readyz`.
///
/// The one place where Swift's concurrency meets the pipeline. A handler only reads what the watch's own thread has gathered,
/// so nothing here blocks, and nothing here can hold up a worker.
final class AdminServer {
    /// Where it listens.
    let address: String
    private let serving: Task<Void, any Error>

    /// Starts to listen, and returns when it does.
    ///
    /// - Parameters:
    ///   - address: An IPv4 address and a port; port 0 is any free one.
    ///   - more: Further metrics, as text.
    /// - Throws: ``CommandError`` where the port is taken or the address is not this machine's.
    init(
        address: String, more: @escaping @Sendable () -> String = { "" }, sample: @escaping @Sendable () -> StreamSample
    ) throws {
        let parts = address.split(separator: ":")
        let (host, port) = (String(parts.first ?? ""), parts.last.flatMap { UInt16($0) } ?? 0)
        let started = DispatchSemaphore(value: 0)
        let box = OutcomeBox()
        serving = Task.detached {
            do {
                let server = HTTPServer(
                    config: .init(address: try .inet(ip4: host, port: port), logger: .disabled),
                    handler: AdminHandler(sample: sample, more: more))
                let running = Task { try await server.run() }
                try await withTaskCancellationHandler {
                    try await server.waitUntilListening()
                    if case .ip4(_, let port)? = await server.listeningAddress { box.set(.success(port)) }
                    started.signal()
                    try await running.value
                } onCancel: {
                    running.cancel()
                }
            } catch {
                box.set(.failure(CommandError("admin.listen: cannot listen on \(address): \(error)")))
                started.signal()
            }
        }
        guard started.wait(timeout: .now() + 10) == .success, let result = box.value else {
            serving.cancel()
            throw CommandError("admin.listen: cannot listen on \(address)")
        }
        self.address = "\(host):\(try result.get())"
    }

    deinit { stop() }

    func stop() { serving.cancel() }
}

/// What became of the start: the first word counts.
private final class OutcomeBox: Sendable {
    private let outcome = Mutex<Result<UInt16, CommandError>?>(nil)

    var value: Result<UInt16, CommandError>? { outcome.withLock { $0 } }

    func set(_ result: Result<UInt16, CommandError>) {
        outcome.withLock { $0 = $0 ?? result }
    }
}

private struct AdminHandler: HTTPHandler {
    let sample: @Sendable () -> StreamSample
    let more: @Sendable () -> String

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard request.method == .GET || request.method == .HEAD else {
            return answer(.methodNotAllowed, "text/plain", "only GET\n")
        }
        switch request.path {
        case "/metrics":
            return answer(.ok, "text/plain; version=0.0.4; charset=utf-8", StreamMetrics(sample: sample()).text + more())
        case "/healthz":
            let isRunning = sample().isRunning
            return state(isRunning, isRunning ? [] : ["a worker has ended"])
        case "/readyz":
            let sample = sample()
            let reasons = (sample.isRunning ? [] : ["a worker has ended"]) + sample.stalls
            return state(reasons.isEmpty, reasons)
        default:
            return answer(.notFound, "text/plain", "there is /metrics, /healthz and /readyz\n")
        }
    }

    private func state(_ isGood: Bool, _ reasons: [String]) -> HTTPResponse {
        let body: Domain.JSONValue = ["ok": .bool(isGood), "reasons": .array(reasons.map { .string($0) })]
        return answer(isGood ? .ok : .serviceUnavailable, "application/json", body.description + "\n")
    }

    private func answer(_ status: HTTPStatusCode, _ type: String, _ text: String) -> HTTPResponse {
        HTTPResponse(statusCode: status, headers: [.contentType: type], body: Data(text.utf8))
    }
}
