import Foundation
import Testing

@testable import HTTP

@Suite("A redirect")
struct RedirectTests {
    private func server(_ status: Int, location: @escaping @Sendable (String) -> String) throws -> RawServer {
        try RawServer(answering: { request in
            request.contains(" /end") ? response(200, "end") : response(status, headers: ["Location: \(location(request))"])
        })
    }

    @Test("to the same scheme, host and port is followed, relative or absolute", arguments: [301, 302, 303, 307, 308])
    func sameOrigin(status: Int) throws {
        let server = try server(status) { request in
            let host = request.firstMatch(of: /Host: (\S+)/).map { String($0.1) } ?? ""
            return request.contains(" /start") ? "middle?x=1" : "HTTP://\(host)/end"
        }
        defer { server.stop() }
        let response = try Client().perform(Request(url: server.url + "/start"))
        #expect(response.status == 200)
        #expect(response.effectiveURL.hasSuffix("/end"))
        #expect(
            server.snapshot.requests.map { $0.prefix { $0 != "\r\n" } } == [
                "GET /start HTTP/1.1", "GET /middle?x=1 HTTP/1.1", "GET /end HTTP/1.1",
            ])
        #expect(server.snapshot.connections == 1)
    }

    @Test(
        "repeats the body only for 307 and 308", arguments: [(301, false), (302, false), (303, false), (307, true), (308, true)])
    func bodies(status: Int, repeats: Bool) throws {
        let server = try server(status) { _ in "/end" }
        defer { server.stop() }
        _ = try Client().perform(Request(url: server.url, method: .post, body: Array("ids".utf8)))
        let last = try #require(server.snapshot.requests.last)
        #expect(last.hasPrefix(repeats ? "POST /end" : "GET /end"))
        #expect(last.hasSuffix(repeats ? "\r\n\r\nids" : "\r\n\r\n"))
    }

    @Test("to another host, port or scheme is refused, and the token stays here")
    func otherOrigin() throws {
        let other = try RawServer(answering: { _ in response() })
        defer { other.stop() }
        let targets = [
            "\(other.url)/end?token=s3cret", "https://127.0.0.1/end", "ftp://127.0.0.1/end", "file:///etc/passwd",
            "//localhost/end",
        ]
        for target in targets {
            let server = try server(302) { _ in target }
            defer { server.stop() }
            var configuration = Configuration()
            configuration.bearerToken = "s3cret"
            let error = try #require(throws: HTTPError.self) { try Client(configuration).perform(Request(url: server.url)) }
            #expect(error.kind == .redirect)
            #expect(error.code == "REDIRECT_REFUSED")
            #expect(!error.isRetriable)
            #expect(!error.message.contains("s3cret"))
        }
        #expect(other.snapshot.connections == 0)
    }

    @Test("that never ends is given up")
    func loop() throws {
        let server = try server(302) { _ in "/again" }
        defer { server.stop() }
        let client = try Client()
        let error = try #require(throws: HTTPError.self) { try client.perform(Request(url: server.url)) }
        #expect(error.kind == .redirect)
        #expect(error.code == "CURLE_TOO_MANY_REDIRECTS")
        #expect(server.snapshot.requests.count == 1 + client.configuration.maxRedirects)
    }

    @Test("without a target is a response like any other")
    func noLocation() throws {
        let server = try RawServer(answering: { _ in response(302, "nowhere") })
        defer { server.stop() }
        #expect(try Client().perform(Request(url: server.url)).status == 302)
    }
}
