import Dispatch
import Domain
import Kafka
import Synchronization

/// A process dies in the middle of a port call.
struct Crash: Error {}

/// A whole migration in memory: source, connector, brokers, mapping service, files and clocks, shared by all actors of a schedule.
///
/// Only the actor with the baton touches it. The mutex costs next to nothing then, and lets the compiler check what the baton
/// promises.
final class World: Sendable {
    let state: Mutex<WorldState>
    private let pool: ThreadPool
    private let finished = DispatchSemaphore(value: 0)

    init(_ state: consuming sending WorldState, pool: ThreadPool) {
        self.state = Mutex(state)
        self.pool = pool
    }

    /// Looks at the world, or changes it, without giving the baton away.
    func act<Result: Sendable, Failure: Error>(_ body: (inout WorldState) throws(Failure) -> Result) throws(Failure) -> Result {
        try state.withLock { state throws(Failure) in try body(&state) }
    }

    // MARK: - Turns

    /// A port is called: others may run before the call has its effect, and the caller's process may die.
    func turn(_ call: StaticString, _ detail: @autoclosure () -> String = "") throws {
        try take(
            act { state in
                state.note("\(call) \(detail())")
                return state.schedule.turn()
            })
    }

    /// Waits for a time, or until one of the events comes about.
    func sleep(ms: Int, unless events: Set<String> = []) throws {
        try take(act { $0.schedule.sleep(untilMs: $0.schedule.nowMs + Int64(max(1, ms)), unless: events) })
    }

    /// A worker is given no time, if one is to be, for longer than its session lasts: it goes on as if nothing had happened.
    ///
    /// - Parameter record: What it is about to send; nil where it does something else.
    func doze(over record: OutgoingRecord? = nil) throws {
        let ms = act { state -> Int? in
            guard state.weather.dozers > 0, state.schedule.chance.happens(50) else { return nil }
            if state.plan.wakesLateWriters, record?.topic != Name.aggregate || !state.weather.overslept.isEmpty { return nil }
            state.weather.dozers -= 1
            let ms = state.schedule.chance.within(1_050...(state.plan.wakesLateWriters ? 1_300 : 2_600))
            state.note("stands still for \(ms) ms")
            state.weather.overslept.insert(state.schedule.running)
            return ms
        }
        guard let ms else { return }
        try sleep(ms: ms)
        if act({ $0.plan.wakesLateWriters }) { try sleep(ms: 3_000, unless: [Name.enricherAsked]) }
    }

    /// A worker takes its time before it polls.
    func nap() throws {
        let ms = act { state in
            state.schedule.chance.happens(state.plan.napPercent) ? state.schedule.chance.within(20...500) : 0
        }
        if ms > 0 { try sleep(ms: ms) }
    }

    /// Waits for the ends of others.
    func wait(for actors: [Int]) throws {
        let alive = act { state in Set(actors.filter { state.schedule.isAlive($0) }) }
        guard !alive.isEmpty else { return }
        try take(act { $0.schedule.wait(for: alive) })
    }

    private func take(_ move: Schedule.Move) throws {
        var isKilled = move.isKilled
        if let (next, mine) = move.handOver {
            next.signal()
            mine.wait()
            isKilled = act { $0.schedule.actors[$0.schedule.running].isKilled }
        }
        if isKilled { throw Crash() }
        let isOverdue = act { state in
            guard state.schedule.isOverdue, state.schedule.runningName != "director" else { return false }
            state.report(.drain, "the schedule took \(state.schedule.turnLimit) turns and came to no end")
            return true
        }
        if isOverdue { throw Crash() }
    }

    // MARK: - Actors

    /// Lets another actor live until its body ends, or its process dies.
    @discardableResult
    func spawn(_ name: String, process: Int? = nil, _ body: @escaping @Sendable (World) throws -> Void) -> Int {
        let (actor, baton) = act { state in
            let actor = state.schedule.add(name, process: process)
            return (actor, state.schedule.baton(of: actor))
        }
        pool.run { [self] in
            baton.wait()
            do {
                try body(self)
                act { $0.note("ends") }
            } catch {
                act { state in
                    state.note("ends: \(error is Crash ? "killed" : "\(error)")")
                    if !(error is Crash) { state.noteFailure(of: state.schedule.runningName, error) }
                }
            }
            if let next = act({ $0.schedule.end() }) { next.signal() } else { finished.signal() }
        }
        return actor
    }

    /// Gives the baton to the first actor, and comes back when all have ended.
    func run() {
        guard let first = act({ state in state.schedule.pick().map { state.schedule.baton(of: $0) } }) else { return }
        first.signal()
        finished.wait()
    }
}
