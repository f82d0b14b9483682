import Domain
import Kafka
import Pipeline

/// Whoever has users enriched once more when the mapping service has changed its mind.
struct Operator: Sendable {
    let variant: Variant

    func live(in world: World) throws {
        for _ in 0..<world.act({ $0.plan.replays }) {
            try world.sleep(ms: world.act { $0.schedule.chance.within(50...900) })
            try world.turn("the mapping service changes its mind")
            world.act { state in
                for user in state.plan.users where state.schedule.chance.happens(60) {
                    state.weather.answers[user, default: 0] += 1
                }
            }
            try world.sleep(ms: world.act { $0.schedule.chance.within(1...60) })
            try world.turn("ask for a replay")
            if variant == .replaySecondWriter { try replayBesideThePipeline(in: world) } else { world.act { $0.askForReplay() } }
        }
    }

    /// What `replay` must not do: enrich what it reads by itself, while the owner of the partition does so too.
    private func replayBesideThePipeline(in world: World) throws {
        let mappings = SimulatedMappings(world)
        let ledger = SimulatedLedger(world: world, machine: 0)
        for user in world.act({ $0.plan.users }) {
            let newest = world.act { $0.broker.newest(of: user, in: Name.aggregate) }
            let partition = world.act { $0.broker.home(of: user.keyBytes, in: Name.aggregate) }
            guard let newest, let aggregate = newest.record.value else { continue }
            guard case .found(let mapping)? = try? mappings.mappings(of: [user], whileWaiting: {})[user] else { continue }
            let value = GodObject.compose(aggregate: aggregate, mapping: mapping)
            let provenance = GodProvenance(
                aggregate: RecordAddress(partition: partition, offset: newest.offset), aggregateDigest: Digest(of: aggregate),
                version: nil, mappingDigest: Digest(of: mapping))
            let address = world.act { state in
                let address = state.append(
                    Name.god,
                    Broker.NewRecord(
                        key: user.keyBytes, value: value,
                        headers: provenance.headers.map { Header($0.name, text: $0.text) }, users: [user]))
                state.truth.noteAcknowledged(Name.god, address)
                return address
            }
            let production = Production(
                user: user, god: address, godDigest: Digest(of: value), aggregate: provenance.aggregate,
                aggregateDigest: provenance.aggregateDigest, version: nil, mappingDigest: provenance.mappingDigest,
                producedAtMs: world.act { $0.nowMs })
            do { try ledger.append([production]) } catch is PortFailure {}
        }
    }
}
