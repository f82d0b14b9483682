import Foundation
import Testing

@testable import HTTP

@Suite("A client whose caller throws")
struct CancellationTests {
    private struct Revoked: Error, Equatable {}

    /// Answers `/quick` and lets everything else hang.
    private func halfHangingServer() throws -> RawServer {
        try RawServer { connection in
            while let request = connection.readRequest() {
                guard request.contains("/quick") else { return connection.waitForClose() }
                connection.send(HTTPTests.response())
            }
        }
    }

    private func quickTicks() -> Configuration {
        var configuration = Configuration()
        configuration.tickMs = 5
        return configuration
    }

    @Test("while it waits, cancels everything, passes the error on and can be used again")
    func whileWaiting() throws {
        let server = try halfHangingServer()
        defer { server.stop() }
        let client = try Client(quickTicks())
        for _ in 0..<3 {
            var ticks = 0
            #expect(throws: Revoked()) {
                try client.perform(
                    Array(repeating: Request(url: server.url + "/hang"), count: 20), maxConcurrent: 8,
                    whileWaiting: {
                        ticks += 1
                        if ticks > 2, server.snapshot.inFlight == 8 { throw Revoked() }
                    }, onComplete: { _, _ in Issue.record("nothing completes") })
            }
            #expect(client.handleCount == 8)
            #expect(server.waits { $0.openConnections == 0 }, "cancelled transfers close their connections")
        }
        #expect(try client.perform(Request(url: server.url + "/quick")).status == 200)
    }

    @Test("when a request completes, cancels the others")
    func onComplete() throws {
        let server = try halfHangingServer()
        defer { server.stop() }
        let client = try Client(quickTicks())
        let requests = ["/hang", "/hang", "/quick", "/hang"].map { Request(url: server.url + $0) }
        #expect(throws: Revoked()) {
            try client.perform(requests, maxConcurrent: 4) { _, _ in throw Revoked() }
        }
        #expect(client.handleCount == 4)
        #expect(server.waits { $0.openConnections <= 1 })
    }

    @Test("in its source, cancels what is under way")
    func source() throws {
        let server = try halfHangingServer()
        defer { server.stop() }
        let client = try Client(quickTicks())
        var asked = 0
        #expect(throws: Revoked()) {
            try client.perform(maxConcurrent: 4) {
                asked += 1
                if asked == 3 { throw Revoked() }
                return (asked, Request(url: server.url + "/hang"))
            } onComplete: { _, _ in
                Issue.record("nothing completes")
            }
        }
        #expect(server.waits { $0.openConnections == 0 })
    }

    @Test("gets control back while a request hangs, until the timeout ends it")
    func ticksWhileHanging() throws {
        let server = try halfHangingServer()
        defer { server.stop() }
        var configuration = quickTicks()
        configuration.totalTimeoutMs = 300
        let client = try Client(configuration)
        var ticks = 0
        #expect(throws: HTTPError.self) { try client.perform(Request(url: server.url + "/hang")) { ticks += 1 } }
        #expect(ticks > 1)
    }

    @Test("leaves no connection behind when it goes away")
    func noConnectionSurvivesTheClient() throws {
        let server = try halfHangingServer()
        defer { server.stop() }
        func use() throws {
            let client = try Client(quickTicks())
            try client.perform(Array(repeating: Request(url: server.url + "/quick"), count: 50), maxConcurrent: 5) { _, _ in }
            #expect(server.snapshot.openConnections > 0, "they are kept alive")
        }
        try use()
        #expect(server.waits { $0.openConnections == 0 })
    }
}
