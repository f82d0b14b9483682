/// How long to wait between two attempts: doubled each time, up to a limit.
///
/// There is no chance in it: what has to be spread (many clients of one HTTP service) is spread by the mapping service itself.
struct Backoff {
    private var ms: Int
    private let maximumMs: Int

    init(_ settings: WaitSettings) {
        self.init(initialMs: settings.backoffInitialMs, maximumMs: settings.backoffMaximumMs)
    }

    init(initialMs: Int, maximumMs: Int) {
        ms = max(1, initialMs)
        self.maximumMs = max(1, maximumMs)
    }

    mutating func nextMs() -> Int {
        defer { ms = min(ms * 2, maximumMs) }
        return min(ms, maximumMs)
    }
}
