import Domain
import Foundation
import HTTP
import Synchronization
import Testing

@testable import Pipeline

/// The same client against a real server, with what real servers do. Only sleeping is not real.
@Suite("The mapping service client over HTTP")
struct MappingHTTPTests {
    private let clock = MappingTestClock()

    private func service(_ url: String, _ change: (inout MappingSettings) -> Void = { _ in }) throws -> HTTPMappingService {
        var settings = MappingSettings(url: try MappingURL(url))
        change(&settings)
        return try HTTPMappingService(settings: settings, clock: clock, random: SeededRandom(seed: 1))
    }

    @Test("looks many users up over few connections")
    func many() throws {
        let server = try MappingTestServer { path, _ in
            path == "/users/7/map" ? mappingAnswer(404, "") : mappingAnswer(200, "{ \"path\": \"\(path)\" }")
        }
        defer { server.stop() }
        let service = try service(server.url + "/users/{user_id}/map") { $0.concurrency = 4 }
        let users = (0..<300).map { UserID("\($0)") } + userIDs("a/../b", "é 🙂", "..")
        let answers = try service.mappings(of: users) {}
        #expect(answers.count == users.count)
        #expect(shown(answers[UserID("7")]) == "not found")
        #expect(shown(answers[UserID("299")]) == "{\"path\":\"/users/299/map\"}")
        #expect(shown(answers[UserID("a/../b")]) == "{\"path\":\"/users/a%2F..%2Fb/map\"}")
        #expect(shown(answers[UserID("..")]) == "{\"path\":\"/users/%2E%2E/map\"}")
        #expect(server.connections <= 4)
    }

    @Test("gets over one fault of each kind", arguments: ["500", "429", "hang", "reset", "truncated", "garbage", "not json"])
    func faults(kind: String) throws {
        let server = try MappingTestServer { path, count in
            guard path == "/2", count == 1 else { return mappingAnswer(200, "{\"ok\":true}") }
            return switch kind {
            case "500": mappingAnswer(500, "oops")
            case "429": mappingAnswer(429, "", headers: "Retry-After: 3")
            case "hang": .hang
            case "reset": .reset
            case "truncated": .sendAndClose("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":")
            case "garbage": .sendAndClose("SSH-2.0-OpenSSH\r\n\r\n")
            default: mappingAnswer(200, "<html>")
            }
        }
        defer { server.stop() }
        let service = try service(server.url + "/{user_id}") { $0.http.totalTimeoutMs = 500 }
        let answers = try service.mappings(of: userIDs("1", "2", "3")) {}
        #expect(answers.values.allSatisfy { shown($0) == "{\"ok\":true}" } && answers.count == 3)
        #expect(service.counts.retries == 1)
        if kind == "429" { #expect(clock.sleptMs >= 3_000) }
    }

    @Test("gives up a user whose mapping is too large, and names the limit")
    func tooLarge() throws {
        let server = try MappingTestServer { path, _ in
            mappingAnswer(200, path == "/big" ? "\"" + String(repeating: "x", count: 2_000) + "\"" : "{}")
        }
        defer { server.stop() }
        let service = try service(server.url + "/{user_id}") { $0.http.maxResponseBytes = 1_000 }
        let answers = try service.mappings(of: userIDs("big", "1")) {}
        #expect(shown(answers[UserID("big")]).contains("larger than 1000 bytes"))
        #expect(shown(answers[UserID("1")]) == "{}")
    }

    @Test("waits for a service whose name cannot be resolved")
    func noName() throws {
        let service = try service("http://nobody.invalid/{user_id}") { $0.maxAttempts = 2 }
        let failure = try #require(throws: PortFailure.self) { _ = try service.mappings(of: userIDs("1")) {} }
        #expect(failure.kind == .unavailable)
        #expect(failure.message.contains("nobody.invalid"))
    }

    @Test("gets by when the service goes away and comes back: the breaker opens, tries, and closes")
    func downAndUp() throws {
        let port: UInt16
        do {
            let server = try MappingTestServer { _, _ in mappingAnswer(200, "{}") }
            port = server.port
            server.stop()
        }
        let service = try service("http://127.0.0.1:\(port)/{user_id}") { $0.breakerFailures = 3 }
        for _ in 0..<4 {
            let failure = try #require(throws: PortFailure.self) { _ = try service.mappings(of: userIDs("1", "2")) {} }
            #expect(failure.kind == .unavailable)
            #expect(failure.message.contains("127.0.0.1:\(port)"))
        }
        #expect(service.counts == .init(requests: 3, retries: 1, breakerOpenings: 1))
        let server = try MappingTestServer(port: port) { _, _ in mappingAnswer(200, "{}") }
        defer { server.stop() }
        #expect(throws: PortFailure.self) { try service.mappings(of: userIDs("1", "2")) {} }
        clock.nowMs += 1_000
        #expect(try service.mappings(of: userIDs("1", "2")) {}.count == 2)
        #expect(server.paths.count == 2)
    }

    @Test("lets the caller live while the service hangs, and stops when it throws")
    func abort() throws {
        struct Revoked: Error {}
        let server = try MappingTestServer { _, _ in .hang }
        defer { server.stop() }
        let service = try service(server.url + "/{user_id}")
        var turns = 0
        #expect(throws: Revoked.self) {
            try service.mappings(of: userIDs("1", "2")) {
                turns += 1
                if turns == 3 { throw Revoked() }
            }
        }
    }

    @Test("asks for several users at once, with token and headers")
    func batch() throws {
        let server = try MappingTestServer { path, _ in
            let users = path.split(separator: "=")[1].split(separator: ",")
            return mappingAnswer(200, "{" + users.map { "\"\($0)\":{\"id\":\"\($0)\"}" }.joined(separator: ",") + "}")
        }
        defer { server.stop() }
        let service = try service(server.url + "/map?ids={user_ids}") { $0.batchUsers = 40 }
        let users = (0..<100).map { UserID("\($0)") }
        let answers = try service.mappings(of: users) {}
        #expect(users.allSatisfy { shown(answers[$0]) == "{\"id\":\"\($0)\"}" })
        #expect(server.paths.count == 3)
    }
}
