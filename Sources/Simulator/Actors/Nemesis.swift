import Domain
import Kafka

/// Whatever goes wrong in the world, at moments that chance picks.
struct Nemesis: Sendable {
    func live(in world: World) throws {
        let (troubles, count, defects) = world.act { ($0.plan.troubles, $0.plan.troubleCount, $0.plan.defects) }
        var deeds: [Deed] = defects.map { .defect($0) }
        for _ in 0..<count {
            if let trouble = world.act({ $0.schedule.chance.one(of: troubles) }) { deeds.append(.trouble(trouble)) }
        }
        deeds = world.act { state in deeds.shuffled(using: &state.schedule.chance) }
        for deed in deeds {
            try world.sleep(ms: world.act { $0.schedule.chance.within(1...$0.plan.troublePauseMs) })
            world.act { state in
                switch deed {
                case .trouble(let trouble): state.make(trouble)
                case .defect(let defect): state.plant(defect)
                }
            }
        }
    }

    private enum Deed: Sendable {
        case trouble(Plan.Trouble)
        case defect(Plan.Defect)
    }
}

extension WorldState {
    fileprivate mutating func make(_ trouble: Plan.Trouble) {
        note("trouble: \(trouble.rawValue)")
        let awayMs = Int64(schedule.chance.within(20...700))
        switch trouble {
        case .crashProcess:
            let process = schedule.chance.below(plan.processes)
            killAll { $0.process == process }
            weather.running.remove(process)
        case .stopProcess: weather.stopping.insert(schedule.chance.below(plan.processes))
        case .crashConnector: killAll { $0.name == "connector" }
        case .stallWorker:
            let count = plan.processes
            stallOne { $0.process.map { $0 < count } ?? false }
        case .stallWriter: stallOne { $0.name.hasPrefix("writer") }
        case .stallConnector: stallOne { $0.name == "connector" }
        case .dozingWorker: weather.dozers += schedule.chance.within(1...3)
        case .partitionAway:
            let partitions = broker.topics.keys.sorted().flatMap { broker.partitions(of: $0) }
            if let partition = schedule.chance.one(of: partitions) {
                note("\(partition) has no leader for \(awayMs) ms")
                weather.leaderlessUntilMs[partition] = nowMs + awayMs
            }
        case .brokerAway: weather.awayUntilMs[.broker] = nowMs + awayMs
        case .mysqlAway: weather.awayUntilMs[.mysql] = nowMs + awayMs
        case .mappingAway: weather.awayUntilMs[.mapping] = nowMs + awayMs
        case .diskFull: weather.awayUntilMs[.disk] = nowMs + awayMs
        case .flakyPorts: weather.failurePercent = schedule.chance.within(2...15)
        case .compact:
            for topic in [Name.aggregate, Name.god] {
                for partition in broker.partitions(of: topic) { _ = broker.compact(partition, collectsTombstones: false) }
            }
        case .markers:
            for topic in broker.topics.keys.sorted() where schedule.chance.happens(50) {
                for partition in broker.partitions(of: topic) {
                    broker.appendMarker(partition)
                    schedule.announce(topic)
                }
            }
        case .rotateLog: server.rotate()
        }
    }

    mutating func killAll(where isMeant: (Schedule.Actor) -> Bool) {
        for index in schedule.actors.indices where isMeant(schedule.actors[index]) {
            schedule.kill(index)
            truth.noteDeath(of: index)
        }
    }

    private mutating func stallOne(where isMeant: (Schedule.Actor) -> Bool) {
        let candidates = schedule.actors.indices.filter { isMeant(schedule.actors[$0]) && schedule.actors[$0].state == .ready }
        guard let actor = schedule.chance.one(of: Array(candidates)) else { return }
        let ms = schedule.chance.within(200...3_000)
        let name = schedule.actors[actor].name
        note("\(name) stands still for \(ms) ms")
        if schedule.actors[actor].process != nil, !name.hasPrefix("listener") { weather.overslept.insert(actor) }
        schedule.stall(actor, forMs: ms)
    }
}
