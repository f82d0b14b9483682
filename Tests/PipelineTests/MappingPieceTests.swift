import Domain
import HTTP
import Testing

@testable import Pipeline

@Suite("The pieces of the mapping service client")
struct MappingPieceTests {
    @Test(
        "a pause before a retry doubles up to its limit",
        arguments: [
            (1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (6, 1000), (1_000_000, 1000),
        ])
    func retryPause(retry: Int, boundMs: Int) {
        let pause = RetryPause(initialMs: 100, maximumMs: 1000)
        #expect(pause.boundMs(retry: retry) == boundMs)
        var random: any RandomNumberGenerator = SeededRandom(seed: 7)
        let drawn = (0..<200).map { _ in pause.drawMs(retry: retry, using: &random) }
        #expect(drawn.allSatisfy { (0...boundMs).contains($0) })
        #expect(drawn.contains { $0 < boundMs / 4 } && drawn.contains { $0 > boundMs * 3 / 4 }, "it is drawn from all of it")
    }

    @Test("pauses of zero and absurd limits are no trap")
    func retryPauseLimits() {
        #expect(RetryPause(initialMs: 0, maximumMs: 0).boundMs(retry: 9) == 0)
        #expect(RetryPause(initialMs: 0, maximumMs: 1000).boundMs(retry: 1_000) == 0)
        #expect(RetryPause(initialMs: -5, maximumMs: 1000).boundMs(retry: 3) == 0)
        #expect(RetryPause(initialMs: 5000, maximumMs: 1000).boundMs(retry: 1) == 1000)
    }

    @Test("a seed gives the published numbers of SplitMix64")
    func seededRandom() {
        var random = SeededRandom(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
    }

    @Test(
        "Retry-After is read as seconds or as a date in any of the three forms",
        arguments: [
            ("0", 0), ("120", 120_000), (" 5", 5_000), ("Sun, 06 Nov 1994 08:49:37 GMT", 30_000),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 30_000), ("Sun Nov  6 08:49:37 1994", 30_000),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ])
    func retryAfter(text: String, delayMs: Int) {
        let now = RetryAfter.epochMs("Sun, 06 Nov 1994 08:49:07 GMT") ?? 0
        #expect(RetryAfter.delayMs(text, date: nil, nowMs: now) == delayMs)
        #expect(RetryAfter.delayMs(text, date: "Sun, 06 Nov 1994 08:49:07 GMT", nowMs: 0) == delayMs, "by the server's own clock")
    }

    @Test(
        "a Retry-After that says nothing is ignored",
        arguments: [
            "", "soon", "-1", "1.5", "99999999999", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:00:00 GMT",
            "Sun, 06 Nov 08:49:37 GMT", "06 Nov 1994", "١٢",
        ])
    func retryAfterNonsense(text: String) {
        #expect(RetryAfter.delayMs(text, date: nil, nowMs: 0) == nil)
    }

    @Test(
        "HTTP dates are moments",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777_000),
            ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199_000), ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200_000),
            ("Tue, 31 Dec 2069 00:00:00 GMT", 3_155_673_600_000),
        ] as [(String, Int64)])
    func dates(text: String, epochMs: Int64) {
        #expect(RetryAfter.epochMs(text) == epochMs)
    }

    @Test("a breaker opens after failures in a row, lets one try, and opens for longer if that fails")
    func breaker() {
        var breaker = CircuitBreaker(failureLimit: 3, openMs: 100, openMaximumMs: 300)
        breaker.fail(0)
        breaker.fail(0)
        breaker.succeed()
        breaker.fail(0)
        breaker.fail(0)
        #expect(breaker.admits(0) == true, "a success between failures starts the count again")
        breaker.fail(0)
        #expect(breaker.admits(99) == false)
        #expect(breaker.closedForMs(40) == 60)
        breaker.fail(50)
        #expect(breaker.closedForMs(50) == 50, "the failure of an older request does not prolong it")

        for (nowMs, openMs) in [(10_000, 200), (20_000, 300), (30_000, 300)] as [(Int64, Int)] {
            #expect(breaker.admits(nowMs) == true)
            #expect(breaker.admits(nowMs) == false, "only one finds out")
            breaker.fail(nowMs)
            #expect(breaker.closedForMs(nowMs) == openMs)
        }
        #expect(breaker.admits(99_999) == true)
        breaker.succeed()
        #expect(breaker.state == .closed(failures: 0))
        for _ in 0..<3 { breaker.fail(0) }
        #expect(breaker.closedForMs(0) == 100, "after a success it opens for the short time again")
    }

    @Test("a breaker's try that never ended is given to the next request")
    func abandonedProbe() {
        var breaker = CircuitBreaker(failureLimit: 1, openMs: 100, openMaximumMs: 100)
        breaker.fail(0)
        #expect(breaker.admits(100) == true)
        breaker.giveUpProbe(100)
        #expect(breaker.admits(100) == true)
        #expect(breaker.admits(100) == false)
    }

    @Test("a clock that is set back makes nobody wait longer")
    func clockSetBack() {
        var breaker = CircuitBreaker(failureLimit: 1, openMs: 100, openMaximumMs: 100)
        breaker.fail(1_000_000)
        #expect(breaker.admits(5) == true)
        var bucket = TokenBucket(perSecond: 1, nowMs: 1_000_000)
        while bucket?.take(1_000_000) == true {}
        #expect(bucket?.waitMs(5) == 750)
        #expect(bucket?.waitMs(755) == 0)
    }

    @Test("a token bucket keeps the rate over time, whatever the rate", arguments: [0.5, 1, 3, 10, 1000])
    func tokenBucket(perSecond: Double) {
        var bucket = TokenBucket(perSecond: perSecond, nowMs: 0)
        var taken = 0
        // Ten seconds, looked at every 50 ms, with as much demand as may be.
        for nowMs in stride(from: 0 as Int64, through: 10_000, by: 50) {
            while bucket?.take(nowMs) == true { taken += 1 }
        }
        let expected = Int(perSecond * 10 + 1 + perSecond / 4)
        #expect((expected - 1...expected).contains(taken))
    }

    @Test("no rate, or none above zero, is no limit", arguments: [nil, 0, -1, .infinity, .nan])
    func noRate(perSecond: Double?) {
        #expect(TokenBucket(perSecond: perSecond, nowMs: 0) == nil)
    }

    @Test("a cache remembers both answers for their time, and forgets the oldest when full")
    func cache() {
        let cost = 160 + 1 + 100
        var cache = MappingCache(foundMs: 1000, notFoundMs: 100, maxBytes: 3 * cost)
        let found = MappingCache.Answer.found([UInt8](repeating: 1, count: 100))
        cache.remember(found, for: UserID("a"), 0)
        cache.remember(.notFound, for: UserID("b"), 0)
        #expect(cache.answer(for: UserID("a"), 999) == found)
        #expect(cache.answer(for: UserID("b"), 99) == .notFound)
        #expect(cache.answer(for: UserID("b"), 100) == nil)
        #expect(cache.answer(for: UserID("a"), 1000) == nil)
        #expect(cache.bytes == 0)

        for name in ["c", "d", "e", "f"] { cache.remember(found, for: UserID(name), 0) }
        #expect(cache.answer(for: UserID("c"), 1) == nil)
        for name in ["d", "e", "f"] { #expect(cache.answer(for: UserID(name), 1) == found) }
        cache.remember(.found([UInt8](repeating: 1, count: 10 * cost)), for: UserID("huge"), 0)
        #expect(cache.count == 3, "an answer larger than the cache does not empty it")
        for round in 0..<10_000 { cache.remember(.found([]), for: UserID("\(round % 7)"), 0) }
        #expect(cache.bytes <= 3 * cost && cache.count <= 7)
        cache.removeAll()
        #expect(cache.count == 0 && cache.bytes == 0)
    }

    @Test("a cache without a time remembers nothing, and not the last answer either")
    func cacheOff() {
        var cache = MappingCache(foundMs: 1000, notFoundMs: 0, maxBytes: 1000)
        cache.remember(.found([1]), for: UserID("a"), 0)
        cache.remember(.notFound, for: UserID("a"), 0)
        #expect(cache.answer(for: UserID("a"), 1) == nil)
    }

    @Test("a URL holds one user or several, encoded")
    func url() throws {
        let one = try MappingURL("https://ids:8443/v1/{user_id}/map?k=v")
        #expect(one.url(for: userIDs("a/b é")) == "https://ids:8443/v1/a%2Fb%20%C3%A9/map?k=v")
        #expect(one.groups(of: userIDs("1", "2"), maxUsers: 10) == [userIDs("1"), userIDs("2")])
        let many = try MappingURL("http://ids/map?ids={user_ids}")
        #expect(many.url(for: userIDs("1", "a,b")) == "http://ids/map?ids=1,a%2Cb")
        #expect(
            try MappingURL("http://ids/?id={user_ids}", separator: "&id=").url(for: userIDs("1", "2")) == "http://ids/?id=1&id=2")
        #expect(many.groups(of: (0..<5).map { UserID("\($0)") }, maxUsers: 2).map(\.count) == [2, 2, 1])
        let long = (0..<100).map { UserID(String(repeating: "é", count: 50) + "\($0)") }
        let groups = many.groups(of: long, maxUsers: 100)
        #expect(groups.flatMap { $0 } == long)
        #expect(groups.count > 1 && groups.allSatisfy { many.url(for: $0).utf8.count <= MappingURL.maxBytes })
    }

    @Test(
        "a URL that cannot be used is refused, without its secrets",
        arguments: [
            "", "ids/{user_id}", "ftp://ids/{user_id}", "http://ids/", "http://ids/{user_id}/{user_id}",
            "http://ids/{user_id}?x={user_ids}",
            "http://{user_id}/x", "http://ids{user_id}/", "http://ids/#{user_id}", "http://?x={user_id}",
            "http://me:s3cret@ids/x?t=s3cret",
        ])
    func badURL(template: String) throws {
        let error = try #require(throws: MappingURLError.self) { try MappingURL(template) }
        #expect(!error.description.contains("s3cret"))
    }
}
