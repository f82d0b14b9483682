import Domain
import Kafka

/// The course of a schedule: everything at once, then peace, then the last judgement.
struct Director: Sendable {
    let variant: Variant

    func live(in world: World) throws {
        let plan = world.act { $0.plan }
        open(world, plan)
        let nemesis = world.spawn("nemesis") { try Nemesis().live(in: $0) }
        world.spawn("connector's machine") { world in
            while true {
                try world.wait(for: [world.spawn("connector") { try Connector().live(in: $0) }])
                try world.sleep(ms: world.act { $0.schedule.chance.within(10...300) })
            }
        }
        for number in 0..<plan.processes {
            world.spawn("machine \(number)") { try Process(number: number, variant: variant).live(in: $0) }
        }
        let writers = (0..<plan.writers).map { number in
            world.spawn("writer \(number)") { try Writer(transactions: plan.transactions).live(in: $0) }
        }
        let verifier = world.spawn("verifier") { try Verifier(runs: plan.runs, variant: variant).live(in: $0) }
        let careful = world.spawn("operator") { try Operator(variant: variant).live(in: $0) }
        try world.wait(for: [nemesis, verifier, careful] + writers)
        try close(world)
        world.act { state in
            for actor in state.schedule.actors.indices where state.schedule.actors[actor].name != "director" {
                state.schedule.kill(actor)
            }
        }
    }

    /// Rows from before the connector's time.
    private func open(_ world: World, _ plan: Plan) {
        world.act { state in
            for user in plan.users.prefix(plan.rowsAtStart) {
                let transaction = state.server.write([.name(user, state.schedule.chance.below(3))])
                state.server.commit(transaction)
            }
        }
    }

    private func close(_ world: World) throws {
        guard !world.act({ $0.schedule.isOverdue }) else { return }
        world.act { state in
            state.note("peace")
            state.isFinishing = true
            state.weather.calm()
        }
        guard try comesToRest(world) else { return }
        let run = try Verifier(runs: 1, variant: variant).call(in: world)
        guard !world.act({ $0.schedule.isOverdue }) else { return }
        world.act { $0.checkTheEnd(run) }
        guard !run.findings.isEmpty else { return }
        // All that is left to do is to repair what was found, and to see that it helped.
        let repaired = try Repairer(variant: variant).signal(run, in: world)
        guard try comesToRest(world) else { return }
        let second = try Verifier(runs: 1, variant: variant).call(in: world)
        guard !world.act({ $0.schedule.isOverdue }) else { return }
        world.act { state in
            state.checkTheEnd(second)
            state.checkHealed(repaired)
        }
    }

    /// Waits until every hop has done its work and every machine is up.
    private func comesToRest(_ world: World) throws -> Bool {
        let deadlineMs = world.act { $0.nowMs + 60_000 }
        while world.act({ $0.nowMs < deadlineMs && !$0.schedule.isOverdue }) {
            if world.act({ $0.isAtRest }) { return true }
            try world.sleep(ms: 150)
        }
        if !world.act({ $0.schedule.isOverdue }) {
            world.act { $0.report(.drain, "not at rest after a minute of peace: \($0.restlessness)") }
        }
        return false
    }
}

extension Weather {
    fileprivate mutating func calm() {
        awayUntilMs = [:]
        leaderlessUntilMs = [:]
        dozers = 0
        failurePercent = 0
        swallows = [:]
        swallowsProductions = 0
        overlooksTransactions = 0
    }
}

extension WorldState {
    fileprivate var isAtRest: Bool { restlessness.isEmpty }

    /// Who has work left.
    fileprivate var restlessness: [String] {
        var restless: [String] = []
        if server.visible < server.log.count { restless.append("server") }
        if connectorOffset?.isSnapshot != false || connectorOffset?.position.hasReached(server.end) != true {
            // A log that was rotated and not written to since has nothing to be delivered.
            let last = server.log.last?.end
            if last.map({ connectorOffset?.position.hasReached($0) != true }) ?? (connectorOffset?.isSnapshot != false) {
                restless.append("connector")
            }
        }
        for (name, group) in broker.groups.sorted(by: { $0.key < $1.key }) {
            for partition in group.partitions where group.committed[partition] ?? 0 < broker[partition].end {
                restless.append("\(name) at \(partition)")
            }
        }
        for actor in weather.overslept where schedule.isAlive(actor) { restless.append(schedule.actors[actor].name) }
        for entry in replays where entry.isOpen { restless.append("replay \(entry.request.id)") }
        for user in truth.disturbed.keys { restless.append("late write of \(user)") }
        for machine in machines.indices where !weather.running.contains(machine) || weather.stopping.contains(machine) {
            restless.append("machine \(machine)")
        }
        return restless
    }
}
