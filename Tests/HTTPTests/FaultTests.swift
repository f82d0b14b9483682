import Foundation
import Testing

@testable import HTTP

@Suite("A client that meets a fault")
struct FaultTests {
    private func failure(
        of url: String, _ configuration: Configuration = Configuration(), method: HTTP.Method = .get
    ) throws -> HTTPError {
        try #require(throws: HTTPError.self) {
            _ = try Client(configuration).perform(Request(url: url, method: method))
        }
    }

    /// The failure of a request that a server answers with `bytes` before it closes the connection.
    private func failure(answer: String, _ configuration: Configuration = Configuration()) throws -> HTTPError {
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send(answer) }
        }
        defer { server.stop() }
        return try failure(of: server.url, configuration)
    }

    private var small: Configuration {
        var configuration = Configuration()
        configuration.maxResponseBytes = 1000
        return configuration
    }

    @Test("says that a name cannot be resolved")
    func resolve() throws {
        let error = try failure(of: "http://nobody.invalid:81/x")
        #expect(error.kind == .resolve)
        #expect(error.code == "CURLE_COULDNT_RESOLVE_HOST")
        #expect(error.message.contains("nobody.invalid:81"))
        #expect(error.isRetriable)
    }

    @Test("says that a connection is refused, and by which port")
    func refused() throws {
        let port = try RawServer.refusingPort()
        let error = try failure(of: "http://127.0.0.1:\(port)/x")
        #expect(error.kind == .connect)
        #expect(error.code == "CURLE_COULDNT_CONNECT")
        #expect(error.message.contains("127.0.0.1:\(port)"))
        #expect(error.isRetriable)
    }

    @Test(
        "gives up on a server that hangs, before the header or within the body",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        ])
    func hang(answer: String) throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.send(answer)
            connection.waitForClose()
        }
        defer { server.stop() }
        var configuration = Configuration()
        configuration.totalTimeoutMs = 100
        let error = try failure(of: server.url, configuration)
        #expect(error.kind == .timeout)
        #expect(error.code == "CURLE_OPERATION_TIMEDOUT")
        #expect(error.isRetriable)
        #expect(server.waits { $0.openConnections == 0 }, "the connection is closed, not left to hang")
    }

    @Test("tells a reset from a clean end")
    func reset() throws {
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            if request.contains("/reset") { connection.reset() }
        }
        defer { server.stop() }
        for path in ["/reset", "/empty"] {
            let error = try failure(of: server.url + path)
            #expect(error.kind == .reset)
            #expect(error.isRetriable)
        }
    }

    @Test(
        "notices a body that ends early",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
        ])
    func truncated(answer: String) throws {
        let error = try failure(answer: answer)
        #expect(error.kind == .truncated)
        #expect(error.code == "CURLE_PARTIAL_FILE")
        #expect(error.isRetriable)
    }

    @Test(
        "refuses bytes that are not HTTP",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        ])
    func garbage(answer: String) throws {
        let error = try failure(answer: answer)
        #expect(error.kind == .protocol)
    }

    @Test("refuses a body over the limit, announced or not, and takes one of just the limit")
    func tooLarge() throws {
        let big = String(repeating: "x", count: 1001)
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n\(big)\r\n0\r\n\r\n"
        for answer in [HTTPTests.response(200, big), chunked, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\(big)"] {
            let error = try failure(answer: answer, small)
            #expect(error.kind == .tooLarge)
            #expect(error.code == "CURLE_FILESIZE_EXCEEDED")
            #expect(error.message.contains("1000 bytes"))
            #expect(!error.isRetriable)
        }
        let server = try RawServer(answering: { _ in HTTPTests.response(200, String(repeating: "x", count: 1000)) })
        defer { server.stop() }
        #expect(try Client(small).perform(Request(url: server.url)).body.count == 1000)
    }

    @Test("aborts a body without end, and one that grows when it is unpacked")
    func endless() throws {
        let server = try RawServer { connection in
            guard let request = connection.readRequest() else { return }
            if request.contains("/gzip") { connection.send(gzipResponse(gzipOfTenKilobytesOfZeros)) }
            if request.contains("/endless") {
                connection.send("HTTP/1.1 200 OK\r\n\r\n")
                while connection.send([UInt8](repeating: 0x78, count: 4096)) {}
            }
            if request.contains("/header") {
                connection.send("HTTP/1.1 200 OK\r\n")
                while connection.send("X-Filler: \(String(repeating: "x", count: 4096))\r\n") {}
            }
        }
        defer { server.stop() }
        for path in ["/gzip", "/endless", "/header"] {
            #expect(try failure(of: server.url + path, small).kind == .tooLarge)
        }
        #expect(server.waits { $0.openConnections == 0 })
    }

    @Test(
        "sends nothing for a request that is wrong in itself",
        arguments: [
            Request(url: "ftp://127.0.0.1/x"), Request(url: "file:///etc/passwd"), Request(url: "127.0.0.1/x"), Request(url: ""),
            Request(url: "http://"), Request(url: "http://127.0.0.1:99999/"), Request(url: "http://127.0.0.1/a b"),
            Request(url: "http://127.0.0.1/a\u{0}b"), Request(url: "http://127.0.0.1/a\r\nX-Evil: 1"),
            Request(url: "http://127.0.0.1/", headers: [Header("X", "1\r\nX-Evil: 1")]),
            Request(url: "http://127.0.0.1/", headers: [Header("X: 1\r\nY", "1")]),
            Request(url: "http://127.0.0.1/", headers: [Header("", "1")]),
        ])
    func badRequest(request: Request) throws {
        let error = try #require(throws: HTTPError.self) { try Client().perform(request) }
        #expect(error.kind == .request)
        #expect(!error.isRetriable)
    }

    @Test("names the URL, but no credentials and no query values")
    func messagesWithoutSecrets() throws {
        let port = try RawServer.refusingPort()
        var configuration = Configuration()
        configuration.bearerToken = "s3cret"
        let error = try failure(of: "http://me:s3cret@127.0.0.1:\(port)/v1/users?token=s3cret&ids=1#s3cret", configuration)
        #expect(error.description.contains("http://127.0.0.1:\(port)/v1/users?token=…&ids=…"))
        #expect(!error.description.contains("s3cret"))
    }

    @Test("one failure leaves the other requests of the call alone")
    func mixed() throws {
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                if request.contains("/bad") { return connection.reset() }
                connection.send(HTTPTests.response())
            }
        }
        defer { server.stop() }
        let requests = (0..<30).map { Request(url: server.url + ($0 % 3 == 0 ? "/bad" : "/good")) }
        let client = try Client()
        var failed: Set<Int> = []
        var completed = 0
        try client.perform(requests, maxConcurrent: 5) { index, outcome in
            completed += 1
            if case .failure = outcome { failed.insert(index) }
        }
        #expect(completed == 30)
        #expect(failed == Set(stride(from: 0, to: 30, by: 3)))
        #expect(client.handleCount <= 5)
    }
}
