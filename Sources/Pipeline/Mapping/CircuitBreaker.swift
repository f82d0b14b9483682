/// Stops asking a service that only fails, and lets one request at a time find out whether it is back.
///
/// Closed: requests pass, and failures in a row are counted. Open: nothing passes for a while. Half-open: one request passes;
/// its success closes the breaker, its failure opens it again, for twice as long.
struct CircuitBreaker {
    enum State: Equatable {
        case closed(failures: Int)
        case open(until: Deadline)
        case halfOpen
    }

    private(set) var state = State.closed(failures: 0)
    private let failureLimit: Int
    private let openMs: Int
    private let openMaximumMs: Int
    private var nextOpenMs: Int

    init(failureLimit: Int, openMs: Int, openMaximumMs: Int) {
        self.failureLimit = max(1, failureLimit)
        self.openMs = max(1, openMs)
        self.openMaximumMs = max(self.openMs, openMaximumMs)
        nextOpenMs = self.openMs
    }

    /// Whether a request may pass. When the breaker turns half-open over it, that request is the one that finds out, and its
    /// outcome must be told.
    mutating func admits(_ nowMs: Int64) -> Bool {
        switch state {
        case .closed: return true
        case .halfOpen: return false
        case .open(let until):
            guard until.hasPassed(nowMs) else { return false }
            state = .halfOpen
            return true
        }
    }

    /// Whether it is anything but closed.
    var isOpen: Bool {
        if case .closed = state { false } else { true }
    }

    /// How long nothing passes; 0 when a request may.
    func closedForMs(_ nowMs: Int64) -> Int {
        if case .open(let until) = state { until.remainingMs(nowMs) } else { 0 }
    }

    /// A request was answered properly, be it one that was sent before the breaker opened.
    mutating func succeed() {
        state = .closed(failures: 0)
        nextOpenMs = openMs
    }

    /// A request failed. While the breaker is open, that is one from before, and says nothing new.
    mutating func fail(_ nowMs: Int64) {
        switch state {
        case .closed(let failures) where failures + 1 < failureLimit: state = .closed(failures: failures + 1)
        case .closed, .halfOpen:
            state = .open(until: Deadline(from: nowMs, inMs: nextOpenMs))
            nextOpenMs = min(nextOpenMs * 2, openMaximumMs)
        case .open: break
        }
    }

    /// The request that was to find out never ended: the next one may try at once.
    mutating func giveUpProbe(_ nowMs: Int64) {
        if state == .halfOpen { state = .open(until: Deadline(from: nowMs, inMs: 0)) }
    }
}
