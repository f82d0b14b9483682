/// How long to wait before a retry: exponential, with "full jitter".
///
/// Drawing evenly from zero up to the exponential bound spreads many clients best after an outage that hit them all at once
/// (Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
struct RetryPause {
    let initialMs: Int
    let maximumMs: Int

    /// The longest pause before the given retry, counted from 1.
    func boundMs(retry: Int) -> Int {
        var bound = max(0, initialMs)
        for _ in 1..<max(2, retry) where bound < maximumMs { bound *= 2 }
        return retry <= 1 ? min(max(0, initialMs), maximumMs) : min(bound, maximumMs)
    }

    func drawMs(retry: Int, using random: inout any RandomNumberGenerator) -> Int {
        Int.random(in: 0...max(0, boundMs(retry: retry)), using: &random)
    }
}

/// A small random source whose every number follows from the seed: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
