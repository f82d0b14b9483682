import Foundation
import Synchronization
import Testing

@testable import HTTP

@Suite("A client")
struct ClientTests {
    @Test("returns status, headers, body, URL and time of a response")
    func response() throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Trace:  a b \r\nEmpty:\r\n\r\nh\u{0}\u{7F}lo")
            }
        }
        defer { server.stop() }
        let response = try Client().perform(Request(url: server.url + "/users/42?x=1"))
        #expect(response.status == 200)
        #expect(response.body == Array("h\u{0}\u{7F}lo".utf8))
        #expect(response.header("x-trace") == "a b")
        #expect(response.header("EMPTY") == "")
        #expect(response.header("Link") == nil, "headers of an interim response are not the response's")
        #expect(response.effectiveURL == server.url + "/users/42?x=1")
        #expect(response.totalTimeMs >= 0)
    }

    @Test("sends method, path, headers, bearer token and body as given", arguments: Method.allCases)
    func request(method: HTTP.Method) throws {
        let server = try RawServer(answering: { HTTPTests.response(200, $0.hasPrefix("HEAD") ? "" : "ok") })
        defer { server.stop() }
        var configuration = Configuration()
        configuration.bearerToken = "s3cret"
        configuration.headers = [Header("X-Always", "1")]
        let sendsBody = method != .get && method != .head
        let body = sendsBody ? Array("{\"ids\":[1]}".utf8) : nil
        let request = Request(
            url: server.url + "/a/%2E%2E/../b", method: method,
            headers: [Header("Accept", "application/json"), Header("X-Empty", "")], body: body)
        let response = try Client(configuration).perform(request)
        #expect(response.status == 200)
        let sent = try #require(server.snapshot.requests.first)
        #expect(sent.hasPrefix("\(method.rawValue) /a/%2E%2E/../b HTTP/1.1\r\n"), "the path is sent as it is")
        for line in ["Authorization: Bearer s3cret", "X-Always: 1", "Accept: application/json", "X-Empty:"] {
            #expect(sent.contains("\r\n\(line)\r\n"))
        }
        #expect(!sent.contains("Expect:"))
        #expect(sent.hasSuffix(sendsBody ? "\r\n\r\n{\"ids\":[1]}" : "\r\n\r\n"))
    }

    @Test("sends a POST without a body as one of length 0, and a large one at once")
    func emptyAndLargeBodies() throws {
        let server = try RawServer(answering: { HTTPTests.response(200, "\($0.utf8.count)") })
        defer { server.stop() }
        let client = try Client()
        _ = try client.perform(Request(url: server.url, method: .post))
        #expect(server.snapshot.requests[0].contains("Content-Length: 0\r\n"))
        let large = [UInt8](repeating: 0x61, count: 2 << 20)
        _ = try client.perform(Request(url: server.url, method: .post, body: large))
        #expect(server.snapshot.requests[1].utf8.count > large.count)
    }

    @Test("hands over an answer of any status as a response", arguments: [204, 304, 400, 404, 429, 500, 503])
    func statuses(status: Int) throws {
        let hasBody = status != 204 && status != 304
        let server = try RawServer(answering: { _ in
            hasBody ? HTTPTests.response(status, headers: ["Retry-After: 7"]) : "HTTP/1.1 \(status) S\r\nRetry-After: 7\r\n\r\n"
        })
        defer { server.stop() }
        let response = try Client().perform(Request(url: server.url))
        #expect(response.status == status)
        #expect(response.header("Retry-After") == "7")
    }

    @Test("uses one connection for requests that follow each other, over several calls")
    func keepAlive() throws {
        let server = try RawServer(answering: { _ in HTTPTests.response() })
        defer { server.stop() }
        let client = try Client()
        for _ in 0..<10 { _ = try client.perform(Request(url: server.url)) }
        try client.perform(Array(repeating: Request(url: server.url), count: 10), maxConcurrent: 1) { _, _ in }
        #expect(server.snapshot.requests.count == 20)
        #expect(server.snapshot.connections == 1)
    }

    @Test("connects anew when the server closed an idle connection")
    func idleConnectionClosed() throws {
        let server = try RawServer { connection in
            if connection.readRequest() != nil { connection.send(HTTPTests.response()) }
        }
        defer { server.stop() }
        let client = try Client()
        for _ in 0..<5 {
            #expect(try client.perform(Request(url: server.url)).status == 200)
            #expect(server.waits { $0.openConnections == 0 })
        }
        #expect(server.snapshot.connections == 5)
    }

    @Test("keeps as many requests under way as it may, and never more")
    func concurrency() throws {
        let arrived = Mutex(0)
        let server = try RawServer { connection in
            while connection.readRequest() != nil {
                arrived.withLock { $0 += 1 }
                // The first four answers wait until four requests are there: a client with less at a time would hang.
                while arrived.withLock({ $0 }) < 4 { usleep(1000) }
                connection.send(HTTPTests.response())
            }
        }
        defer { server.stop() }
        let client = try Client()
        var completed: Set<Int> = []
        try client.perform(Array(repeating: Request(url: server.url), count: 40), maxConcurrent: 4) { index, outcome in
            #expect(throws: Never.self) { try outcome.get() }
            #expect(completed.insert(index).inserted, "each request completes once")
        }
        #expect(completed == Set(0..<40))
        #expect(server.snapshot.peakInFlight == 4)
        #expect(server.snapshot.connections == 4)
        #expect(client.handleCount == 4)
    }

    @Test("asks its source again while requests are under way, and ends when it is dry")
    func source() throws {
        let release = Mutex(false)
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                while request.contains("/slow"), !release.withLock({ $0 }) { usleep(1000) }
                connection.send(HTTPTests.response())
            }
        }
        defer { server.stop() }
        var configuration = Configuration()
        configuration.tickMs = 5
        let client = try Client(configuration)
        var asked = 0
        var completed: [Int] = []
        try client.perform(maxConcurrent: 2) {
            asked += 1
            // The second request becomes available only after the source had nothing twice.
            switch asked {
            case 1: return (1, Request(url: server.url + "/slow"))
            case 4: return (2, Request(url: server.url + "/quick"))
            default: return nil
            }
        } onComplete: { id, _ in
            completed.append(id)
            if id == 2 { release.withLock { $0 = true } }
        }
        #expect(completed == [2, 1])
        try client.perform([], maxConcurrent: 2) { _, _ in Issue.record("nothing was sent") }
    }

    @Test("refuses to be used from within its own closures")
    func reentrancy() throws {
        let server = try RawServer(answering: { _ in HTTPTests.response() })
        defer { server.stop() }
        let client = try Client()
        #expect(throws: HTTPError.self) {
            try client.perform([Request(url: server.url)], maxConcurrent: 1) { _, _ in
                _ = try client.perform(Request(url: server.url))
            }
        }
        #expect(try client.perform(Request(url: server.url)).status == 200)
    }

    @Test("undoes gzip")
    func contentEncoding() throws {
        let server = try RawServer { connection in
            while let request = connection.readRequest() {
                #expect(request.contains("Accept-Encoding: ") && request.contains("gzip"))
                connection.send(gzipResponse(gzipOfTenKilobytesOfZeros))
            }
        }
        defer { server.stop() }
        let response = try Client().perform(Request(url: server.url))
        #expect(response.body == [UInt8](repeating: 0x30, count: 10_240))
    }
}

/// `python3 -c "import gzip; print(gzip.compress(b'0'*10240, mtime=0).hex())"`
let gzipOfTenKilobytesOfZeros = "1f8b0800000000000203edc1010d000000c2a04aef9fce1c6e40010000000000000000006f06af4f74bd00280000"

func gzipResponse(_ hex: String) -> [UInt8] {
    let digits = Array(hex)
    let body = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...($0 + 1)]), radix: 16) }
    return Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
}
