import FlyingFox
import Foundation
import Testing

@testable import HTTP

@Suite("A client's way to the server")
struct ConnectionTests {
    @Test("passes a full HTTP server's answers on")
    func flyingFox() async throws {
        let server = HTTPServer(address: try .inet(ip4: "127.0.0.1", port: 0), logger: .disabled)
        await server.appendRoute("GET /users/:id") { request in
            let id = request.routeParameters["id"] ?? ""
            guard id != "7" else { return HTTPResponse(statusCode: .notFound) }
            return HTTPResponse(statusCode: .ok, body: Data("{\"id\":\(id)}".utf8))
        }
        let running = Task { try await server.run() }
        defer { running.cancel() }
        try await server.waitUntilListening(timeout: 60)
        guard case .ip4(_, let port)? = await server.listeningAddress else {
            Issue.record("the server has no port")
            return
        }
        let outcomes = try await onThread {
            var outcomes: [Int: Response] = [:]
            let requests = (0..<50).map { Request(url: "http://127.0.0.1:\(port)/users/\($0)") }
            try Client().perform(requests, maxConcurrent: 8) { outcomes[$0] = try $1.get() }
            return outcomes
        }
        for id in 0..<50 {
            #expect(outcomes[id]?.status == (id == 7 ? 404 : 200))
            if id != 7 { #expect(outcomes[id]?.body == Array("{\"id\":\(id)}".utf8)) }
        }
    }

    @Test("is direct by default, whatever the environment says of proxies")
    func environmentProxy() async {
        // In a process of its own, because the environment belongs to all tests of a process.
        await #expect(processExitsWith: .success) {
            let proxy = try RawServer(answering: { _ in response(200, "proxy") })
            let server = try RawServer(answering: { _ in response(200, "server") })
            for name in ["http_proxy", "all_proxy", "ALL_PROXY"] { setenv(name, proxy.url, 1) }
            let direct = try Client().perform(Request(url: server.url))
            #expect(direct.body == Array("server".utf8))
            var configuration = Configuration()
            configuration.proxy = .environment
            let indirect = try Client(configuration).perform(Request(url: server.url))
            #expect(indirect.body == Array("proxy".utf8))
        }
    }

    @Test("leads through a proxy that the configuration names")
    func configuredProxy() throws {
        let proxy = try RawServer(answering: { _ in response(200, "proxy") })
        defer { proxy.stop() }
        var configuration = Configuration()
        configuration.proxy = .url(proxy.url)
        let answer = try Client(configuration).perform(Request(url: "http://ids.invalid/users/1"))
        #expect(answer.body == Array("proxy".utf8))
        #expect(proxy.snapshot.requests.first?.hasPrefix("GET http://ids.invalid/users/1 ") == true)
    }

    @Test("is encrypted only with a certificate that is trusted")
    func tls() throws {
        let server = try TLSServer()
        defer { server.stop() }
        let url = "https://127.0.0.1:\(server.port)/"
        let untrusted = try #require(throws: HTTPError.self) { try Client().perform(Request(url: url)) }
        #expect(untrusted.kind == .tls)
        #expect(untrusted.code == "CURLE_PEER_FAILED_VERIFICATION")
        #expect(!untrusted.isRetriable)

        var configuration = Configuration()
        configuration.caFile = server.certificateFile
        #expect(try Client(configuration).perform(Request(url: url)).status == 200)

        configuration.caFile = "/nonexistent/ca.pem"
        let missing = try #require(throws: HTTPError.self) { try Client(configuration).perform(Request(url: url)) }
        #expect(missing.kind == .tls)
        #expect(missing.message.contains("/nonexistent/ca.pem"))
    }

    /// The server speaks neither version; what it prints shows which one the client has begun with.
    @Test(
        "is HTTP/2 where the server offers that, else HTTP/1.1",
        arguments: [("h2", "PRI * HTTP/2.0"), ("http/1.1", "GET / HTTP/1.1")])
    func version(offered: String, firstLine: String) throws {
        let server = try TLSServer(["-alpn", offered])
        defer { server.stop() }
        let first = server.firstLine { [port = server.port, certificateFile = server.certificateFile] in
            var configuration = Configuration()
            configuration.caFile = certificateFile
            configuration.totalTimeoutMs = 20_000
            _ = try? Client(configuration).perform(Request(url: "https://127.0.0.1:\(port)/"))
        }
        #expect(first.hasPrefix(firstLine))
    }
}

/// Runs blocking work off the cooperative pool, which an async server needs for itself.
func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}

/// `openssl s_server` with a fresh self-signed certificate for 127.0.0.1.
private struct TLSServer {
    let port: Int
    let certificateFile: String
    private let directory: URL
    private let process: Process
    private let output: FileHandle

    /// - Parameter manner: What it does with requests.
    init(_ manner: [String] = ["-www"]) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("rollcall-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        certificateFile = directory.appendingPathComponent("cert.pem").path
        let keyFile = directory.appendingPathComponent("key.pem").path
        let making = try TLSServer.openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", certificateFile,
        ])
        making.process.waitUntilExit()
        let serving = try TLSServer.openssl(
            [
                "s_server", "-accept", "127.0.0.1:0", "-cert", certificateFile, "-key", keyFile,
            ] + manner)
        process = serving.process
        output = serving.output
        var printed = ""
        var found: Int?
        while found == nil {
            let data = serving.output.availableData
            if data.isEmpty { break }
            printed += String(decoding: data, as: UTF8.self)
            found = printed.firstMatch(of: /ACCEPT 127\.0\.0\.1:(\d+)/).flatMap { Int($0.1) }
        }
        guard let found else { throw POSIXError(.ENOENT) }
        port = found
    }

    /// The first line of HTTP that the server gets while `work` is done on another thread, which ends with the connection.
    func firstLine(_ work: @escaping @Sendable () -> Void) -> String {
        Thread.detachNewThread(work)
        var printed = ""
        while true {
            let data = output.availableData
            printed += String(decoding: data, as: UTF8.self)
            let line = printed.split(whereSeparator: \.isNewline).first { $0.contains("HTTP/") }
            if let line, printed.contains("\r\n") || data.isEmpty { return String(line) }
            if data.isEmpty { return "" }
        }
    }

    func stop() {
        // Not SIGTERM: the child inherits the signal mask of a dispatch thread, which blocks it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: directory)
    }

    private static func openssl(_ arguments: [String]) throws -> (process: Process, output: FileHandle) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        // An end of its input would end the server's connections.
        process.standardInput = Pipe()
        try process.run()
        return (process, pipe.fileHandleForReading)
    }
}
