/// A moment in the future, by a clock that may be set back: it then counts as passed, rather than as far away.
struct Deadline: Equatable {
    private let startMs: Int64
    private let durationMs: Int64

    init(from nowMs: Int64, inMs durationMs: Int) {
        startMs = nowMs
        self.durationMs = Int64(max(0, durationMs))
    }

    /// 0 once the moment has passed.
    func remainingMs(_ nowMs: Int64) -> Int {
        nowMs < startMs ? 0 : Int(max(0, startMs + durationMs - nowMs))
    }

    func hasPassed(_ nowMs: Int64) -> Bool { remainingMs(nowMs) == 0 }
}
