import Domain
import HTTP
import Testing

@testable import Pipeline

/// The policy: what is repeated, what is waited for and who is blamed. Without a network, and with a clock of its own.
@Suite("The mapping service client")
struct MappingServiceTests {
    private let clock = MappingTestClock()

    private func service(
        url: String = "http://ids/{user_id}", _ transport: MappingTestTransport,
        _ change: (inout MappingSettings) -> Void = { _ in }
    ) throws -> HTTPMappingService {
        var settings = MappingSettings(url: try MappingURL(url))
        change(&settings)
        return HTTPMappingService(settings: settings, transport: transport, clock: clock, random: SeededRandom(seed: 1))
    }

    private func unavailable(_ service: HTTPMappingService, _ users: [UserID]) throws -> String {
        let failure = try #require(throws: PortFailure.self) { _ = try service.mappings(of: users) {} }
        #expect(failure.kind == .unavailable)
        return failure.message
    }

    @Test("gives the canonical bytes of each mapping, whatever its order and spaces, and numbers as they were written")
    func canonical() throws {
        let transport = MappingTestTransport { _ in mappingResponse(200, " {\"b\": [1.50, 18446744073709551615],\n\"a\":\"é\"} ")
        }
        let answers = try service(transport).mappings(of: userIDs("1")) {}
        #expect(shown(answers[UserID("1")]) == "{\"a\":\"é\",\"b\":[1.50,18446744073709551615]}")
    }

    @Test("asks for each user once, and for nobody if there is nobody")
    func duplicates() throws {
        let transport = MappingTestTransport { _ in mappingResponse() }
        let service = try service(transport)
        #expect(try service.mappings(of: userIDs("1", "2", "1")) {}.count == 2)
        #expect(transport.urls == ["http://ids/1", "http://ids/2"])
        #expect(try service.mappings(of: []) {}.isEmpty)
        #expect(shown(try service.mappings(of: [UserID("")]) {}[UserID("")]).hasPrefix("failed"))
        #expect(transport.urls.count == 2)
    }

    @Test(
        "takes 404, 410, 204 and null for a user without mapping",
        arguments: [
            (404, "<html>"), (410, ""), (204, ""), (200, "null"),
        ])
    func notFound(status: Int, body: String) throws {
        let transport = MappingTestTransport { _ in mappingResponse(status, body) }
        #expect(shown(try service(transport).mappings(of: userIDs("1")) {}[UserID("1")]) == "not found")
        #expect(transport.urls.count == 1)
    }

    @Test("gives a user up at once where asking again would not help, and others are answered", arguments: [400, 405, 422, 451])
    func refused(status: Int) throws {
        let transport = MappingTestTransport { $0.hasSuffix("/1") ? mappingResponse(status) : mappingResponse() }
        let service = try service(transport)
        let answer = shown(try service.mappings(of: userIDs("1", "2")) {}[UserID("1")])
        #expect(answer == "failed: http://ids/: status \(status)")
        #expect(transport.urls.count == 2)
        #expect(try service.mappings(of: userIDs("1")) {}.count == 1, "and when alone, as long as others were answered before")
    }

    @Test("blames nobody when everybody is refused, until somebody is answered", arguments: [400, 422])
    func refusedForAll(status: Int) throws {
        let transport = MappingTestTransport { _ in mappingResponse(status) }
        let service = try service(transport)
        for _ in 0..<3 {
            #expect(try unavailable(service, userIDs("1", "2")).contains("status \(status)"))
            clock.nowMs += 1_000
        }
        transport.answer = { $0.hasSuffix("/1") ? mappingResponse(status) : mappingResponse() }
        let answers = try service.mappings(of: userIDs("1", "2")) {}
        #expect(shown(answers[UserID("1")]).hasPrefix("failed") && shown(answers[UserID("2")]) == "{}")
    }

    @Test("gives up few users when the service begins to refuse everybody")
    func beginsToRefuse() throws {
        let transport = MappingTestTransport { _ in mappingResponse() }
        let service = try service(transport) { $0.breakerFailures = 3 }
        _ = try service.mappings(of: userIDs("0")) {}
        transport.answer = { _ in mappingResponse(400) }
        var blamed: [String] = []
        for number in 1...10 {
            let user = UserID("\(number)")
            if let answer = try? service.mappings(of: [user], whileWaiting: {})[user] { blamed.append(shown(answer)) }
        }
        #expect(blamed.count == 3)
    }

    @Test("is not held up for ever by a user whom it refuses, while nobody else is there")
    func lonelyRefused() throws {
        let transport = MappingTestTransport { _ in mappingResponse(400) }
        let service = try service(transport) { $0.blameAfterMs = 120_000 }
        _ = try unavailable(service, userIDs("1"))
        clock.nowMs += 119_999
        _ = try unavailable(service, userIDs("1"))
        clock.nowMs += 1
        #expect(shown(try service.mappings(of: userIDs("1")) {}[UserID("1")]).hasPrefix("failed"))
    }

    @Test("repeats what may pass, with pauses", arguments: [500, 503, 429, 408, 425, 502, 504, 401])
    func retries(status: Int) throws {
        var count = 0
        let transport = MappingTestTransport { _ in
            count += 1
            return mappingResponse(count < 4 ? status : 200)
        }
        let service = try service(transport)
        #expect(shown(try service.mappings(of: userIDs("1")) {}[UserID("1")]) == "{}")
        #expect(service.counts == .init(requests: 4, retries: 3))
        #expect(clock.sleptMs <= 100 + 200 + 400)
    }

    @Test("waits, and blames no user, while the service is away for everybody", arguments: [503, 502, 429, 401, 403, 302, 304])
    func away(status: Int) throws {
        let transport = MappingTestTransport { _ in mappingResponse(status) }
        let service = try service(transport)
        for _ in 0..<200 {
            #expect(try unavailable(service, userIDs("1", "2")).contains("status \(status)"))
            clock.nowMs += 60_000
        }
    }

    @Test("asks less and less of a service that only fails")
    func opensBreaker() throws {
        let transport = MappingTestTransport { _ in mappingResponse(503) }
        let service = try service(transport)
        let users = (0..<100).map { UserID("\($0)") }
        _ = try unavailable(service, users)
        #expect(transport.urls.count == 8)
        for _ in 0..<50 { _ = try unavailable(service, users) }
        #expect(transport.urls.count == 8, "an open breaker says so without asking")
        clock.nowMs += 1_000
        _ = try unavailable(service, users)
        #expect(transport.urls.count == 9, "one request finds out")
        clock.nowMs += 1_999
        _ = try unavailable(service, users)
        #expect(transport.urls.count == 9)
        transport.answer = { _ in mappingResponse() }
        clock.nowMs += 1
        #expect(try service.mappings(of: users) {}.count == 100)
        #expect(service.counts.breakerOpenings == 2)
    }

    @Test("gives up a user for whom alone the service fails, and answers the others")
    func poison() throws {
        let transport = MappingTestTransport { $0.hasSuffix("/bad") ? mappingResponse(500) : mappingResponse() }
        let answers = try service(transport).mappings(of: userIDs("bad", "1", "2")) {}
        #expect(shown(answers[UserID("bad")]) == "failed: http://ids/: status 500 (attempts: 4)")
        #expect(shown(answers[UserID("1")]) == "{}" && shown(answers[UserID("2")]) == "{}")
    }

    @Test("is not held up for ever by users for whom it only fails, while nobody else is there", arguments: [1, 2, 5])
    func lonelyPoison(count: Int) throws {
        let transport = MappingTestTransport { _ in mappingResponse(500) }
        let service = try service(transport) { $0.blameAfterMs = 120_000 }
        let users = (0..<count).map { UserID("bad\($0)") }
        let startMs = clock.nowMs
        var answers: [UserID: MappingAnswer] = [:]
        for _ in 0..<2_000 where answers.isEmpty {
            do { answers = try service.mappings(of: users) {} } catch { clock.nowMs += 1_000 }
        }
        #expect(answers.count == count && answers.values.allSatisfy { shown($0).hasPrefix("failed") })
        #expect(clock.nowMs - startMs >= 120_000)
    }

    @Test("gives up hardly anybody when the service fails for everybody for long")
    func longOutage() throws {
        let transport = MappingTestTransport { _ in mappingResponse(500) }
        let service = try service(transport) {
            $0.blameAfterMs = 60_000
            $0.breakerOpenMaximumMs = 1_000
        }
        let users = (0..<20).map { UserID("\($0)") }
        let endMs = clock.nowMs + 300_000
        while clock.nowMs < endMs {
            _ = try unavailable(service, users)
            clock.nowMs += 1_000
        }
        transport.answer = { _ in mappingResponse() }
        let answers = try service.mappings(of: users) {}
        let failed = answers.values.count { shown($0).hasPrefix("failed") }
        #expect((1...5).contains(failed), "one a minute at most")
        #expect(answers.count == 20)
    }

    @Test("tries somebody else when the breaker lets one request pass")
    func probesRotate() throws {
        let transport = MappingTestTransport { $0.hasSuffix("/bad") ? mappingResponse(500) : mappingResponse(503) }
        let service = try service(transport) { $0.breakerFailures = 1 }
        let users = userIDs("bad", "1", "2")
        for _ in 0..<3 {
            _ = try unavailable(service, users)
            clock.nowMs += 60_000
        }
        #expect(transport.urls == ["http://ids/bad", "http://ids/1", "http://ids/2"])
    }

    @Test(
        "gives up a user whose answer is not a mapping, after a few attempts",
        arguments: [
            "<html>down</html>", "", "{\"a\":", "{\"a\":\"\u{1}\"}", "{} {}",
        ])
    func unreadable(body: String) throws {
        let transport = MappingTestTransport { _ in mappingResponse(200, body) }
        let answer = shown(try service(transport).mappings(of: userIDs("1")) {}[UserID("1")])
        #expect(answer.hasPrefix("failed: http://ids/: the answer cannot be read: not JSON"))
        #expect(transport.urls.count == 4)
    }

    @Test("refuses bytes that are not UTF-8")
    func notUTF8() throws {
        let transport = MappingTestTransport { _ in
            .success(
                Response(status: 200, headers: [], body: [0x22, 0xC3, 0x28, 0x22], effectiveURL: "http://ids/", totalTimeMs: 1))
        }
        let answer = shown(try service(transport).mappings(of: userIDs("1")) {}[UserID("1")])
        #expect(answer.contains("UTF-8"))
    }

    @Test("sends nothing until the time that the service asked for", arguments: ["7", "Sun, 06 Nov 1994 08:49:37 GMT"])
    func retryAfter(text: String) throws {
        var count = 0
        let headers = [Header("Retry-After", text), Header("date", "Sun, 06 Nov 1994 08:49:30 GMT")]
        let transport = MappingTestTransport { _ in
            count += 1
            return count == 1 ? mappingResponse(429, headers: headers) : mappingResponse()
        }
        #expect(try service(transport).mappings(of: userIDs("1", "2")) {}.count == 2)
        #expect(clock.sleptMs == 7_000)
    }

    @Test("hands a long Retry-After to the caller to wait for, up to a limit")
    func longRetryAfter() throws {
        let transport = MappingTestTransport { _ in mappingResponse(503, headers: [Header("Retry-After", "86400")]) }
        let service = try service(transport) { $0.retryAfterMaximumMs = 120_000 }
        _ = try unavailable(service, userIDs("1"))
        clock.nowMs += 100_000
        _ = try unavailable(service, userIDs("1"))
        #expect(transport.urls.count == 1)
        clock.nowMs += 20_000
        transport.answer = { _ in mappingResponse() }
        #expect(try service.mappings(of: userIDs("1")) {}.count == 1)
    }

    @Test(
        "keeps what was answered for the lookup that comes after an outage, but not for long",
        arguments: [
            (1_000, 1), (61_000, 2),
        ])
    func leftover(pauseMs: Int64, requestsForGood: Int) throws {
        let transport = MappingTestTransport { $0.hasSuffix("/good") ? mappingResponse() : mappingResponse(503) }
        let service = try service(transport) { $0.breakerFailures = 3 }
        _ = try unavailable(service, userIDs("good", "2", "3"))
        clock.nowMs += pauseMs
        transport.answer = { _ in mappingResponse() }
        #expect(try service.mappings(of: userIDs("good", "2", "3")) {}.count == 3)
        #expect(transport.urls.count { $0.hasSuffix("/good") } == requestsForGood)
        _ = try service.mappings(of: userIDs("good")) {}
        #expect(transport.urls.count { $0.hasSuffix("/good") } == requestsForGood + 1, "a finished lookup keeps nothing")
    }

    @Test("remembers answers and unknown users for as long as it is told, and no failures")
    func cache() throws {
        let transport = MappingTestTransport {
            $0.hasSuffix("/none") ? mappingResponse(404) : $0.hasSuffix("/bad") ? mappingResponse(400) : mappingResponse()
        }
        let service = try service(transport) {
            $0.cacheFoundMs = 10_000
            $0.cacheNotFoundMs = 1_000
        }
        func lookUp() throws -> Int {
            let before = transport.urls.count
            let answers = try service.mappings(of: userIDs("1", "none", "bad")) {}
            #expect(shown(answers[UserID("1")]) == "{}" && shown(answers[UserID("none")]) == "not found")
            return transport.urls.count - before
        }
        #expect(try lookUp() == 3)
        #expect(try lookUp() == 1)
        clock.nowMs += 1_000
        #expect(try lookUp() == 2)
        clock.nowMs += 10_000
        #expect(try lookUp() == 3)
        service.forgetAnswers()
        #expect(try lookUp() == 3)
        #expect(service.counts.cacheHits == 3)
        // Of one user, and of nobody else.
        service.forgetAnswers(of: [UserID("1")])
        #expect(try lookUp() == 2)
        #expect(service.counts.cacheHits == 4)
    }

    @Test("keeps to the rate, and lets the caller live meanwhile")
    func rate() throws {
        let transport = MappingTestTransport { _ in mappingResponse() }
        let service = try service(transport) { $0.requestsPerSecond = 4 }
        var turns = 0
        #expect(try service.mappings(of: (0..<21).map { UserID("\($0)") }) { turns += 1 }.count == 21)
        #expect(clock.sleptMs == 4_750)
        #expect(clock.slept.allSatisfy { $0 <= 100 })
        #expect(turns >= 48)
    }

    @Test("stops at once when the caller throws, in a pause and in a transfer")
    func abort() throws {
        struct Stop: Error {}
        let transport = MappingTestTransport { _ in mappingResponse(503, headers: [Header("Retry-After", "10")]) }
        let service = try service(transport)
        #expect(throws: Stop.self) { try service.mappings(of: userIDs("1")) { if clock.sleptMs > 1_000 { throw Stop() } } }
        #expect(clock.sleptMs < 1_200)
        clock.nowMs += 10_000
        #expect(throws: Stop.self) { try service.mappings(of: userIDs("1")) { throw Stop() } }
        transport.answer = { _ in mappingResponse() }
        #expect(try service.mappings(of: userIDs("1")) {}.count == 1)
    }

    // MARK: - Several users in one request

    private let severalURL = "http://ids/?ids={user_ids}"

    @Test("reads an object by user id, where who is absent or null is unknown")
    func objectByUser() throws {
        let transport = MappingTestTransport { _ in mappingResponse(200, "{\"1\":{\"b\":1,\"a\":2},\"2\":null,\"9\":{}}") }
        let answers = try service(url: severalURL, transport).mappings(of: userIDs("1", "2", "3")) {}
        #expect(transport.urls == ["http://ids/?ids=1,2,3"])
        #expect(userIDs("1", "2", "3").map { shown(answers[$0]) } == ["{\"a\":2,\"b\":1}", "not found", "not found"])
        #expect(answers.count == 3)
    }

    @Test("reads an array with the id in a field")
    func arrayOfUsers() throws {
        let transport = MappingTestTransport { _ in mappingResponse(200, "[{\"user\":2,\"x\":1},{\"user\":\"1\",\"x\":2}]") }
        let answers = try service(url: severalURL, transport) { $0.batchAnswer = .array(idField: "user") }
            .mappings(of: userIDs("1", "2", "3")) {}
        #expect(
            userIDs("1", "2", "3").map { shown(answers[$0]) } == [
                "{\"user\":\"1\",\"x\":2}", "{\"user\":2,\"x\":1}", "not found",
            ])
    }

    @Test(
        "refuses an array that it cannot tell users from",
        arguments: ["{}", "[1]", "[{\"x\":1}]", "[{\"user\":1},{\"user\":\"1\"}]"])
    func badArray(body: String) throws {
        let transport = MappingTestTransport { _ in mappingResponse(200, body) }
        let service = try service(url: severalURL, transport) { $0.batchAnswer = .array(idField: "user") }
        #expect(shown(try service.mappings(of: userIDs("1")) {}[UserID("1")]).hasPrefix("failed"))
    }

    @Test("finds the one user of a batch that the service cannot bear", arguments: [400, 500])
    func poisonInBatch(status: Int) throws {
        let transport = MappingTestTransport { url in
            let users = url.split(separator: "=")[1].split(separator: ",")
            guard !users.contains("13") else { return mappingResponse(status) }
            return mappingResponse(200, "{" + users.map { "\"\($0)\":{}" }.joined(separator: ",") + "}")
        }
        let service = try service(url: severalURL, transport) { $0.batchUsers = 16 }
        let answers = try service.mappings(of: (0..<32).map { UserID("\($0)") }) {}
        #expect(answers.count == 32)
        for (user, answer) in answers {
            #expect(user.text == "13" ? shown(answer).hasPrefix("failed") : shown(answer) == "{}")
        }
    }
}
