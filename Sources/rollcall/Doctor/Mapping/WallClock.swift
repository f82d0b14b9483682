import Pipeline

/// Time as this machine tells it.
final class WallClock: Pipeline.Clock {
    var nowMs: Int64 { ClockReading.nowMs() }

    func sleep(ms: Int) throws { try Pause.sleep(milliseconds: ms) }
}
