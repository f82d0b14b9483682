import Domain
import HTTP

/// The mapping service over HTTP: patient with it, and fair to the users that it fails for.
///
/// A lookup sends as many requests at once as the settings allow, and repeats what fails. What then still fails is one of two:
///
/// - **The service is away**: it cannot be reached, is overloaded, or fails for everybody. The lookup throws
///   ``PortFailure`` of kind `unavailable`, and the caller asks again later; what was answered already is kept for that. While the
///   circuit breaker is open, that happens at once and without a request.
/// - **It fails for one user** and answers others: that user's answer is `failed`. The same holds for a user for whom it refuses the
///   request. A refusal of everybody (a header that it now demands, a wrong path) is no better than an absence.
///
/// One worker owns it, like the HTTP client inside.
public final class HTTPMappingService: MappingLookup {
    /// What was done since the start.
    public struct Counts: Sendable, Equatable {
        /// Requests sent, retries included.
        public var requests = 0
        /// The retries among them.
        public var retries = 0
        /// Users that needed no request.
        public var cacheHits = 0
        /// How often the circuit breaker opened.
        public var breakerOpenings = 0
    }

    /// What was done since the start.
    public var counts: Counts { tally.counts }
    private let settings: MappingSettings
    private let transport: any MappingTransport
    private let clock: any Clock
    private let reader: MappingReader
    private let retryPause: RetryPause
    private let accept: [Header]
    private var random: any RandomNumberGenerator
    private var breaker: CircuitBreaker
    private var bucket: TokenBucket?
    private var cache: MappingCache
    private var tally: MappingTally
    private var blame: MappingBlame

    /// Until then nothing is sent, because the service asked for that.
    private var pause: Deadline?
    /// The last thing that went wrong, for the message while nothing is sent.
    private var lastTrouble = "no request succeeded"
    private var leftover = Leftover()

    /// What a lookup that ended with `unavailable` leaves for the next one.
    private struct Leftover {
        var answers: [UserID: MappingAnswer] = [:]
        var lookups: [MappingRequest] = []
        /// After that the answers are asked for again: they would be older than the enricher takes them for.
        var expiry = Deadline(from: 0, inMs: 0)
    }

    /// How long answers are kept for a lookup that could not be finished.
    static let leftoverMs = 60_000
    /// The longest time between two calls of `whileWaiting`.
    static let tickMs = 100

    /// A service client over libcurl.
    ///
    /// - Parameter random: Where the jitter comes from.
    /// - Throws: `HTTPError` when libcurl cannot be initialised.
    public convenience init(
        settings: MappingSettings, clock: any Clock, random: any RandomNumberGenerator = SystemRandomNumberGenerator(),
        counters: MappingCounters? = nil
    ) throws {
        try self.init(
            settings: settings, transport: Client(settings.http), clock: clock, random: random, counters: counters)
    }

    /// A service client over any transport.
    public init(
        settings: MappingSettings, transport: any MappingTransport, clock: any Clock, random: any RandomNumberGenerator,
        counters: MappingCounters? = nil
    ) {
        tally = MappingTally(shared: counters)
        blame = MappingBlame(settings: settings)
        self.settings = settings
        self.transport = transport
        self.clock = clock
        self.random = random
        reader = MappingReader(settings: settings)
        retryPause = RetryPause(initialMs: settings.backoffInitialMs, maximumMs: settings.backoffMaximumMs)
        let namesWhatItAccepts = settings.http.headers.contains { $0.name.lowercased() == "accept" }
        accept = namesWhatItAccepts ? [] : [Header("Accept", "application/json")]
        breaker = CircuitBreaker(
            failureLimit: settings.breakerFailures, openMs: settings.breakerOpenMs,
            openMaximumMs: settings.breakerOpenMaximumMs)
        bucket = TokenBucket(perSecond: settings.requestsPerSecond, nowMs: clock.nowMs)
        cache = MappingCache(
            foundMs: settings.cacheFoundMs, notFoundMs: settings.cacheNotFoundMs, maxBytes: settings.cacheBytes)
    }

    /// The answer for each of the users.
    ///
    /// - Parameter whileWaiting: Called several times a second; what it throws cancels the requests and is passed on.
    /// - Throws: ``PortFailure`` of kind `unavailable` when the service is away.
    public func mappings(
        of users: [UserID], whileWaiting: () throws -> Void
    ) throws -> [UserID: MappingAnswer] {
        var lookup = begin(users)
        defer { tally.tell(isBreakerOpen: breaker.isOpen) }
        defer { breaker.giveUpProbe(clock.nowMs) }
        while !lookup.waiting.isEmpty {
            guard breaker.closedForMs(clock.nowMs) == 0, pauseMs <= settings.maxRetryMs else { break }
            try sleep(ms: waitMs(lookup), whileWaiting)
            try send(&lookup, whileWaiting)
            if lookup.waiting.isEmpty { blame.settleRefused(&lookup, clock.nowMs) }
        }
        let unfinished = lookup.waiting + lookup.stranded + lookup.refused.map(\.request)
        guard unfinished.isEmpty else {
            leftover = Leftover(
                answers: lookup.answers, lookups: unfinished,
                expiry: lookup.answersExpiry ?? Deadline(from: clock.nowMs, inMs: Self.leftoverMs))
            throw PortFailure(.unavailable, "\(unfinished.reduce(0) { $0 + $1.users.count }) users wait: \(lastTrouble)")
        }
        leftover = Leftover()
        return lookup.answers
    }

    /// Forgets every remembered answer, so that the service is asked afresh.
    public func forgetAnswers() {
        cache.removeAll()
        leftover = Leftover()
    }

    /// Forgets what is remembered of these users.
    public func forgetAnswers(of users: Set<UserID>) {
        for user in users {
            cache.remove(user)
            leftover.answers[user] = nil
        }
    }

    // MARK: - One lookup

    /// What is known of the users without asking, and the requests for the rest.
    private func begin(_ users: [UserID]) -> MappingLookupState {
        let nowMs = clock.nowMs
        var lookup = MappingLookupState()
        var unknown: [UserID] = []
        if !leftover.answers.isEmpty, !leftover.expiry.hasPassed(nowMs) { lookup.answersExpiry = leftover.expiry }
        // Who was given up stays given up until the lookup ends: two such users could otherwise wait for each other for ever.
        let kept = leftover.answers.filter { lookup.answersExpiry != nil || $0.value.isFailure }
        var seen: Set<UserID> = []
        seen.reserveCapacity(users.count)
        lookup.answers.reserveCapacity(users.count)
        for user in users where seen.insert(user).inserted {
            if user.text.isEmpty {
                lookup.answers[user] = .failed("an empty user id names nobody")
            } else if let answer = kept[user] {
                lookup.answers[user] = answer
            } else if let answer = cache.answer(for: user, nowMs) {
                tally.counts.cacheHits += 1
                lookup.answers[user] = if case .found(let bytes) = answer { .found(bytes) } else { .notFound }
            } else {
                unknown.append(user)
            }
        }
        // Requests that failed before keep their history. Those that were never tried go first, then those that were tried
        // longest ago, so that one bad user cannot be the only one that an opened breaker asks for.
        var again: [MappingRequest] = []
        if !leftover.lookups.isEmpty {
            let wanted = Set(unknown)
            again = leftover.lookups.filter { $0.users.allSatisfy(wanted.contains) }
            let covered = Set(again.flatMap(\.users))
            unknown.removeAll { covered.contains($0) }
        }
        let fresh = settings.url.groups(of: unknown, maxUsers: settings.batchUsers)
        lookup.waiting = fresh.map { MappingRequest(users: $0) } + again.map { $0.startedAfresh }.sorted { $0.serial < $1.serial }
        leftover = Leftover()
        return lookup
    }

    private var pauseMs: Int { pause?.remainingMs(clock.nowMs) ?? 0 }

    /// How long until a request may be sent.
    private func waitMs(_ lookup: MappingLookupState) -> Int {
        let nowMs = clock.nowMs
        let earliest = lookup.waiting.map { $0.notBefore?.remainingMs(nowMs) ?? 0 }.min() ?? 0
        return max(earliest, pauseMs, bucket?.waitMs(nowMs) ?? 0)
    }

    private func sleep(ms: Int, _ whileWaiting: () throws -> Void) throws {
        var restMs = ms
        while restMs > 0 {
            let sliceMs = min(restMs, Self.tickMs)
            try clock.sleep(ms: sliceMs)
            try whileWaiting()
            restMs -= sliceMs
        }
    }

    /// Sends what may be sent, until nothing is under way.
    private func send(_ lookup: inout MappingLookupState, _ whileWaiting: () throws -> Void) throws {
        var state = lookup
        defer { lookup = state }
        do {
            try transport.perform(
                maxConcurrent: settings.concurrency, next: { takeNext(&state) }, whileWaiting: whileWaiting,
                onComplete: { id, result in complete(id, result, &state) })
        } catch let error as HTTPError {
            throw PortFailure(.fatal, "\(error)")
        }
    }

    private func takeNext(_ lookup: inout MappingLookupState) -> (id: Int, request: Request)? {
        let nowMs = clock.nowMs
        guard pauseMs == 0, bucket?.waitMs(nowMs) ?? 0 == 0,
            let index = lookup.waiting.firstIndex(where: { $0.notBefore?.hasPassed(nowMs) ?? true }), breaker.admits(nowMs)
        else { return nil }
        _ = bucket?.take(nowMs)
        var request = lookup.waiting.remove(at: index)
        tally.counts.requests += 1
        if request.attempts > 0 { tally.counts.retries += 1 }
        request.serial = counts.requests
        request.sentAtMs = nowMs
        lookup.underWay[counts.requests] = request
        return (counts.requests, Request(url: settings.url.url(for: request.users), headers: accept))
    }

    private func complete(_ id: Int, _ result: Result<Response, HTTPError>, _ lookup: inout MappingLookupState) {
        guard let request = lookup.underWay.removeValue(forKey: id) else { return }
        let nowMs = clock.nowMs
        tally.latency.add(nowMs - request.sentAtMs)
        switch reader.verdict(on: result, for: request.users, nowMs: nowMs) {
        case .answered(let answers):
            breaker.succeed()
            blame.noteAnswers(answers.count)
            lookup.hasAnswers = true
            lookup.answers.merge(answers) { _, new in new }
            for (user, answer) in answers { remember(answer, for: user, nowMs) }
        case .refused(let reason):
            breaker.giveUpProbe(nowMs)
            refuse(request, reason, &lookup)
        case .failed(let reason): retry(request, reason, .suspect, &lookup)
        case .unreadable(let reason): retry(request, reason, .guilty, &lookup)
        case .unavailable(let reason, let retryAfterMs):
            if let retryAfterMs { pause = Deadline(from: nowMs, inMs: max(retryAfterMs, pauseMs)) }
            retry(request, reason, .innocent, &lookup)
        }
    }

    /// Keeps a refused request until it is known whether others are answered.
    private func refuse(_ request: MappingRequest, _ reason: String, _ lookup: inout MappingLookupState) {
        lastTrouble = reason
        guard request.users.count == 1 else { return lookup.blame(request, reason) }
        var request = request
        request.noteFailure(clock.nowMs, answeredUsers: blame.answeredUsers)
        lookup.refused.append((request, reason))
    }

    private func remember(_ answer: MappingAnswer, for user: UserID, _ nowMs: Int64) {
        switch answer {
        case .found(let bytes): cache.remember(.found(bytes), for: user, nowMs)
        case .notFound: cache.remember(.notFound, for: user, nowMs)
        case .failed: break
        }
    }

    private func retry(
        _ request: MappingRequest, _ reason: String, _ suspicion: MappingBlame.Suspicion, _ lookup: inout MappingLookupState
    ) {
        let nowMs = clock.nowMs
        lastTrouble = reason
        let wasOpen = breaker.closedForMs(nowMs) > 0
        breaker.fail(nowMs)
        if !wasOpen, breaker.closedForMs(nowMs) > 0 { tally.counts.breakerOpenings += 1 }

        var request = request
        request.noteFailure(nowMs, answeredUsers: blame.answeredUsers)
        switch blame.judge(request, suspicion, nowMs) {
        case .again:
            request.notBefore = Deadline(from: nowMs, inMs: retryPause.drawMs(retry: request.attempts, using: &random))
            lookup.waiting.append(request)
        case .usersFault: lookup.blame(request, "\(reason) (attempts: \(request.attempts))")
        case .servicesFault: lookup.stranded.append(request)
        }
    }
}

extension MappingAnswer {
    fileprivate var isFailure: Bool {
        if case .failed = self { true } else { false }
    }
}
