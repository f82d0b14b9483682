import Glibc

/// Lets a thread rest for longer than it works. One thread at a time may use it, and another one may go on with it later.
///
/// A nice value says who goes first on a processor, and nothing where time is given to a process as a whole, as to a container with a limit or
/// to one session among others: what one thread takes there is missing to the others. So whoever is to give way takes little, too.
final class Pacer {
    /// The processor time of this thread so far, in nanoseconds.
    private let workedNs: () -> UInt64
    private let rest: (Int) -> Void
    private var steps = 0
    private var restedAtNs: UInt64

    /// So many times as long as it has worked, a thread rests.
    static let restsPerWork = 3
    /// Work that is worth a rest: much shorter ones would cost more than they spare, much longer ones would be felt.
    private static let workNs: UInt64 = 2_000_000
    /// Threads have clocks of their own. Where another one goes on, the difference of the two is no work, and must not become a rest without
    /// end.
    private static let longestWorkNs: UInt64 = 50_000_000
    /// Looking at the clock costs as much as a few rows.
    static let stepsPerLook = 64

    /// - Parameter rest: Waits for so many milliseconds.
    init(workedNs: @escaping () -> UInt64 = Pacer.threadNs, rest: @escaping (_ ms: Int) -> Void) {
        self.workedNs = workedNs
        self.rest = rest
        restedAtNs = workedNs()
    }

    /// To be called after each small piece of work.
    func step() {
        steps += 1
        guard steps.isMultiple(of: Self.stepsPerLook) else { return }
        let nowNs = workedNs()
        guard nowNs >= restedAtNs else { return restedAtNs = nowNs }
        let worked = min(nowNs - restedAtNs, Self.longestWorkNs)
        guard worked >= Self.workNs else { return }
        rest(Int(worked / 1_000_000) * Self.restsPerWork)
        restedAtNs = workedNs()
    }

    private static func threadNs() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
