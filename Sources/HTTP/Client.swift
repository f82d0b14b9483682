import CCurl

/// An HTTP client over one libcurl multi handle: many requests at once on one thread, over connections that are kept
/// open between calls.
///
/// It is meant to be owned by one thread, which blocks in ``perform(_:maxConcurrent:whileWaiting:onComplete:)`` and
/// gets control back at least every ``Configuration/tickMs``:
///
/// ```swift
/// let client = try Client()
/// let response = try client.perform(Request(url: "https://ids.internal/v1/users/42")) {
///     try consumer.keepAlive()   // whatever must not wait; throwing cancels the request
/// }
/// ```
public final class Client {
    /// How this client connects and what it accepts; fixed for its life.
    public let configuration: Configuration
    private let multi: UnsafeMutableRawPointer
    /// Transfers inside the multi handle.
    private var running: [UnsafeMutableRawPointer: Transfer] = [:]
    /// Transfers outside of it, to be used again.
    private var idle: [Transfer] = []
    private var isPerforming = false

    /// A client without any connection yet.
    ///
    /// - Throws: ``HTTPError`` of kind `request` if libcurl cannot be initialised or lacks what the configuration asks for.
    public init(_ configuration: Configuration = Configuration()) throws(HTTPError) {
        guard CurlLibrary.initialization == CURLE_OK, let multi = curl_multi_init() else {
            throw HTTPError(
                kind: .request, code: "CURLE_FAILED_INIT", message: "libcurl could not be initialised", isRetriable: false)
        }
        self.multi = multi
        self.configuration = configuration
    }

    deinit {
        cancelAll()
        idle.removeAll()
        curl_multi_cleanup(multi)
    }

    /// How many easy handles exist, for tests that look for leaks.
    var handleCount: Int { running.count + idle.count }

    /// Sends one request and waits for its response.
    ///
    /// - Parameter whileWaiting: called at least every ``Configuration/tickMs`` milliseconds; what it throws cancels
    ///   the request.
    /// - Throws: ``HTTPError``, or what `whileWaiting` throws.
    public func perform(_ request: Request, whileWaiting: () throws -> Void = {}) throws -> Response {
        var outcome: Result<Response, HTTPError>?
        try perform([request], maxConcurrent: 1, whileWaiting: whileWaiting) { outcome = $1 }
        guard let outcome else { throw internalError("a transfer ended without a result") }
        return try outcome.get()
    }

    /// Sends all of `requests`, and returns when each has its outcome.
    ///
    /// - Parameters:
    ///   - maxConcurrent: the most requests that are under way at a time, and thereby the most connections.
    ///   - whileWaiting: called at least every ``Configuration/tickMs`` milliseconds.
    ///   - onComplete: called once per request, in the order of completion, with the request's index.
    /// - Throws: what a closure throws, after every other request has been cancelled; ``HTTPError`` if libcurl itself
    ///   fails. The failure of a request is not thrown, but handed to `onComplete`.
    public func perform(
        _ requests: [Request], maxConcurrent: Int, whileWaiting: () throws -> Void = {},
        onComplete: (Int, Result<Response, HTTPError>) throws -> Void
    ) throws {
        var position = 0
        try perform(
            maxConcurrent: maxConcurrent,
            next: {
                guard position < requests.count else { return nil }
                defer { position += 1 }
                return (position, requests[position])
            }, whileWaiting: whileWaiting, onComplete: onComplete)
    }

    /// Sends requests as `next` gives them, and returns when `next` has nothing to send and nothing is under way.
    ///
    /// - Parameters:
    ///   - maxConcurrent: the most requests that are under way at a time, and thereby the most connections.
    ///   - next: asked for a request and the caller's number for it whenever there is room; nil for "nothing now", in
    ///     which case it is asked again at the next tick or completion while other requests are under way.
    ///   - whileWaiting: called at least every ``Configuration/tickMs`` milliseconds.
    ///   - onComplete: called once per request, in the order of completion, with the caller's number.
    /// - Throws: what a closure throws, after every other request has been cancelled; ``HTTPError`` if libcurl itself
    ///   fails, or if it is called from within one of its closures.
    public func perform(
        maxConcurrent: Int, next: () throws -> (id: Int, request: Request)?, whileWaiting: () throws -> Void = {},
        onComplete: (Int, Result<Response, HTTPError>) throws -> Void
    ) throws {
        guard !isPerforming else { throw internalError("perform was called from within perform") }
        isPerforming = true
        defer {
            cancelAll()
            isPerforming = false
        }
        let limit = max(1, maxConcurrent)
        // Without this libcurl may close idle connections that the next call wants.
        try check(ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, max(limit, 8)))
        var tick = Tick(everyMs: configuration.tickMs)
        while true {
            while running.count < limit, let (id, request) = try next() {
                if let refusal = start(request, id) { try onComplete(id, .failure(refusal)) }
            }
            if running.isEmpty { return }
            var stillRunning: Int32 = 0
            try check(curl_multi_perform(multi, &stillRunning))
            let finished = takeFinished()
            for (id, outcome) in finished { try onComplete(id, outcome) }
            if finished.isEmpty { try check(curl_multi_poll(multi, nil, 0, Int32(tick.remainingMs), nil)) }
            if tick.isDue() { try whileWaiting() }
        }
    }

    // MARK: One transfer's life

    /// Puts a request into the multi handle, or says why not.
    private func start(_ request: Request, _ id: Int) -> HTTPError? {
        guard let transfer = idle.popLast() ?? Transfer() else {
            return HTTPError(kind: .request, code: CURLE_OUT_OF_MEMORY, "no memory for a handle", request: request)
        }
        return enter(transfer, transfer.begin(request, id: id, configuration: configuration))
    }

    private func enter(_ transfer: Transfer, _ refusal: HTTPError?) -> HTTPError? {
        var refusal = refusal
        if refusal == nil {
            let result = curl_multi_add_handle(multi, transfer.handle)
            if result == CURLM_OK {
                running[transfer.handle] = transfer
                return nil
            }
            let reason = String(cString: curl_multi_strerror(result))
            refusal = HTTPError(kind: .request, code: CURLE_FAILED_INIT, reason, request: transfer.request)
        }
        recycle(transfer)
        return refusal
    }

    private func recycle(_ transfer: Transfer) {
        transfer.forget()
        idle.append(transfer)
    }

    /// The outcomes of all transfers that have ended, each of which has left the multi handle.
    private func takeFinished() -> [(Int, Result<Response, HTTPError>)] {
        var outcomes: [(Int, Result<Response, HTTPError>)] = []
        var result = CURLE_OK
        while let handle = ccurl_multi_next_done(multi, &result) {
            curl_multi_remove_handle(multi, handle)
            guard let transfer = running.removeValue(forKey: handle) else { continue }
            if let outcome = outcome(of: transfer, result) { outcomes.append((transfer.id, outcome)) }
        }
        return outcomes
    }

    /// The outcome of a transfer that ended, or nil if it goes on at another URL.
    private func outcome(of transfer: Transfer, _ result: CURLcode) -> Result<Response, HTTPError>? {
        guard result == CURLE_OK, let target = transfer.redirectURL else {
            defer { recycle(transfer) }
            if result == CURLE_OK { return .success(transfer.takeResponse()) }
            return .failure(error(of: transfer, result))
        }
        if let refusal = refusal(of: transfer, to: target) {
            recycle(transfer)
            return .failure(refusal)
        }
        let next = transfer.follow(to: target, status: transfer.status, configuration: configuration)
        return enter(transfer, next).map { .failure($0) }
    }

    private func error(of transfer: Transfer, _ result: CURLcode) -> HTTPError {
        if transfer.isTooLarge || result == CURLE_FILESIZE_EXCEEDED {
            return HTTPError(
                kind: .tooLarge, code: CURLE_FILESIZE_EXCEEDED,
                "the response is larger than \(configuration.maxResponseBytes) bytes (or its header than "
                    + "\(Transfer.maxHeaderBytes) bytes)", request: transfer.request)
        }
        return HTTPError(
            result: result, detail: transfer.detail, systemError: transfer.systemError, request: transfer.request)
    }

    /// Why a redirect is not followed; nil if it is.
    private func refusal(of transfer: Transfer, to target: String) -> HTTPError? {
        let request = transfer.request
        guard transfer.redirects < configuration.maxRedirects else {
            return HTTPError(
                kind: .redirect, code: CURLE_TOO_MANY_REDIRECTS, "more than \(configuration.maxRedirects) redirects",
                request: request)
        }
        guard let from = Origin(request.url), let to = Origin(target), from == to else {
            return HTTPError(
                kind: .redirect, code: "REDIRECT_REFUSED",
                "redirected to \(redactedURL(target)), which is another host, port or scheme", request: request)
        }
        return nil
    }

    private func cancelAll() {
        for (handle, transfer) in running {
            curl_multi_remove_handle(multi, handle)
            recycle(transfer)
        }
        running.removeAll()
    }

    private func check(_ result: CURLMcode) throws(HTTPError) {
        guard result != CURLM_OK else { return }
        throw internalError(String(cString: curl_multi_strerror(result)))
    }

    private func internalError(_ sentence: String) -> HTTPError {
        HTTPError(kind: .request, code: "CURLM", message: "libcurl: \(sentence)", isRetriable: false)
    }
}

/// A client belongs to the thread that uses it.
@available(*, unavailable)
extension Client: Sendable {}

/// When `whileWaiting` is due again.
private struct Tick {
    private let clock = ContinuousClock()
    private let interval: Duration
    private var next: ContinuousClock.Instant

    init(everyMs: Int) {
        interval = .milliseconds(max(1, everyMs))
        next = clock.now + interval
    }

    /// At least 1, so that a wait for it is never a busy loop.
    var remainingMs: Int {
        let (seconds, attoseconds) = (next - clock.now).components
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    /// Whether the interval has passed; if so it begins again.
    mutating func isDue() -> Bool {
        let now = clock.now
        guard now >= next else { return false }
        next = now + interval
        return true
    }
}
