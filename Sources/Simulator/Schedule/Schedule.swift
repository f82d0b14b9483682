import Dispatch

/// Who runs, what time it is, and what chance says: the part of the world that makes a schedule of a seed.
///
/// Each actor has a thread, and only the one that holds the baton runs. It gives the baton away inside of port calls, to whomever
/// chance picks. Nothing else decides about order, so one seed is one schedule.
struct Schedule {
    var chance: Chance
    var nowMs = Schedule.beginMs
    static let beginMs: Int64 = 1_700_000_000_000
    /// Turns taken so far.
    private(set) var turns = 0
    private(set) var actors: [Actor] = []
    /// Those that have not ended, in ascending order. A schedule has hundreds of actors, and a dozen at a time.
    private var living: [Int] = []
    private(set) var running = 0
    /// In how many of a hundred turns the baton is given away.
    var switchPercent = 30
    /// A digest of everything that happened: two runs of one seed have the same.
    private(set) var fingerprint: UInt64 = 0
    /// Nil unless somebody wants to read it.
    var trace: [String]?
    /// No schedule takes that many turns, unless something in it runs in circles.
    var turnLimit = 60_000

    struct Actor {
        var name: String
        /// The process that it dies with; nil for the world's own.
        var process: Int?
        let baton: DispatchSemaphore
        var state = State.ready
        /// What ends its sleep before its time.
        var awaits: Set<String> = []
        /// Whose ends it waits for.
        var waitsFor: Set<Int> = []
        var isKilled = false
        /// How often it is picked, compared with others.
        var weight = 4
    }

    enum State: Equatable {
        case ready
        /// Until a time, or until something comes about that it awaits.
        case sleeping(untilMs: Int64)
        /// Until others have ended.
        case waiting
        case ended
    }

    /// What the caller has to do after a turn.
    struct Move: Sendable {
        /// Whom to give the baton to, and where to wait for it; nil when the caller keeps it.
        var handOver: (next: DispatchSemaphore, mine: DispatchSemaphore)?
        var isKilled: Bool
    }

    init(seed: UInt64) {
        chance = Chance(seed: seed)
    }

    var isOverdue: Bool { turns >= turnLimit }
    var runningName: String { actors.isEmpty ? "" : actors[running].name }
    var isRunningKilled: Bool { !actors.isEmpty && actors[running].isKilled }
    var runningProcess: Int? { actors.isEmpty ? nil : actors[running].process }

    mutating func add(_ name: String, process: Int?) -> Int {
        var actor = Actor(name: name, process: process, baton: DispatchSemaphore(value: 0))
        actor.weight = chance.one(of: [1, 4, 4, 4, 12]) ?? 4
        actors.append(actor)
        living.append(actors.count - 1)
        return actors.count - 1
    }

    func baton(of actor: Int) -> DispatchSemaphore { actors[actor].baton }

    /// The running actor has come to a port call.
    mutating func turn() -> Move {
        turns += 1
        if chance.happens(30) { nowMs += Int64(chance.within(1...4)) }
        mix(UInt64(running))
        return chance.happens(switchPercent) ? giveAway() : Move(isKilled: actors[running].isKilled)
    }

    /// The running actor waits for a time, or for one of these events to come about.
    mutating func sleep(untilMs: Int64, unless events: Set<String>) -> Move {
        rest(.sleeping(untilMs: untilMs), awaits: events)
    }

    /// The running actor waits for others to end.
    mutating func wait(for others: Set<Int>) -> Move {
        rest(.waiting, waitsFor: others)
    }

    private mutating func rest(_ state: State, awaits events: Set<String> = [], waitsFor others: Set<Int> = []) -> Move {
        turns += 1
        if !actors[running].isKilled {
            actors[running].state = state
            actors[running].awaits = events
            actors[running].waitsFor = others
        }
        return giveAway()
    }

    /// The running actor has ended.
    ///
    /// - Returns: Who is next; nil when it was the last.
    mutating func end() -> DispatchSemaphore? {
        actors[running].state = .ended
        living.removeAll { $0 == running }
        for index in living where actors[index].state == .waiting {
            actors[index].waitsFor.remove(running)
            if actors[index].waitsFor.isEmpty { actors[index].state = .ready }
        }
        return pick().map { actors[$0].baton }
    }

    private mutating func giveAway() -> Move {
        let me = running
        guard let next = pick(), next != me else { return Move(isKilled: actors[me].isKilled) }
        return Move(handOver: (actors[next].baton, actors[me].baton), isKilled: false)
    }

    /// Chooses who runs next, and lets time pass where everybody waits.
    mutating func pick() -> Int? {
        wakeSleepers()
        var total = 0
        for index in living where actors[index].state == .ready { total += actors[index].weight }
        if total == 0 {
            let wakes = living.compactMap { index -> Int64? in
                if case .sleeping(let untilMs) = actors[index].state { untilMs } else { nil }
            }
            guard let first = wakes.min() else { return nil }
            nowMs = max(nowMs, first)
            return pick()
        }
        var draw = chance.below(total)
        for index in living where actors[index].state == .ready {
            draw -= actors[index].weight
            if draw < 0 {
                running = index
                mix(UInt64(index))
                return index
            }
        }
        return nil
    }

    private mutating func wakeSleepers() {
        for index in living {
            if case .sleeping(let untilMs) = actors[index].state, untilMs <= nowMs { actors[index].state = .ready }
        }
    }

    /// Something has come about that others may wait for.
    mutating func announce(_ event: String) {
        for index in living {
            if case .sleeping = actors[index].state, actors[index].awaits.contains(event) { actors[index].state = .ready }
        }
    }

    /// Lets an actor's next turn be its last.
    mutating func kill(_ actor: Int) {
        guard actors[actor].state != .ended else { return }
        actors[actor].isKilled = true
        if actor != running { actors[actor].state = .ready }
    }

    func isAlive(_ actor: Int) -> Bool { actors[actor].state != .ended }

    /// Lets an actor stand still, wherever it is.
    mutating func stall(_ actor: Int, forMs ms: Int) {
        guard actor != running, actors[actor].state == .ready else { return }
        actors[actor].state = .sleeping(untilMs: nowMs + Int64(ms))
        actors[actor].awaits = []
    }

    private mutating func mix(_ value: UInt64) {
        fingerprint = (fingerprint ^ value ^ chance.state) &* 0x0000_0100_0000_01B3
    }
}
