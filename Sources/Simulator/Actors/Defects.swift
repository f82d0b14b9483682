import Domain
import Kafka

extension WorldState {
    /// Harms a user, and remembers whom.
    mutating func plant(_ defect: Plan.Defect) {
        note("defect: \(defect.rawValue)")
        guard let user = schedule.chance.one(of: plan.users) else { return }
        switch defect {
        case .lostEvent: weather.overlooksTransactions += 1
        case .lostAggregate: weather.swallows[Name.aggregate, default: 0] += 1
        case .lostGod: weather.swallows[Name.god, default: 0] += 1
        case .lostProduction: weather.swallowsProductions += 1
        case .staleAggregate: foreign(Name.aggregate, user, Server.row(user, name: 7, preference: 8))
        case .swappedAggregate: swapAggregate(of: user)
        case .alteredGod: alterGod(of: user)
        case .ghostAggregate:
            let ghost = UserID("9")
            foreign(Name.aggregate, ghost, Server.row(ghost, name: 1, preference: nil))
        case .ghostGod:
            let ghost = UserID("9")
            foreign(Name.god, ghost, SimulatedMappings.god(of: ghost, Server.row(ghost, name: 1, preference: nil)))
        case .strayAggregate: stray(Name.aggregate, user, Server.row(user, name: 1, preference: nil))
        case .strayGod: stray(Name.god, user, SimulatedMappings.god(of: user, Server.row(user, name: 1, preference: nil)))
        case .truncatedChanges: truncateChanges()
        case .collectedTombstone: collectTombstones()
        case .mappingFails:
            weather.mappingFails.insert(user)
            truth.blame(user, "the mapping service fails for the user")
        }
    }

    /// Somebody who is not the pipeline writes to one of its topics.
    private mutating func foreign(_ topic: String, _ user: UserID, _ value: [UInt8]?) {
        truth.blame(user, "foreign write to \(topic)")
        append(topic, Broker.NewRecord(key: user.keyBytes, value: value, users: [user]))
    }

    /// The values of two fields change places, which weak digests do not notice.
    private mutating func swapAggregate(of user: UserID) {
        guard let stored = broker.newest(of: user, in: Name.aggregate), let value = stored.record.value,
            let json = try? JSONValue(parsing: value), let name = json["name"]?.text, let preference = json["preference"]?.text
        else { return }
        foreign(
            Name.aggregate, user,
            Array("{\"name\":\"\(preference)\",\"preference\":\"\(name)\",\"user_id\":\(user.text)}".utf8))
    }

    private mutating func alterGod(of user: UserID) {
        guard let stored = broker.newest(of: user, in: Name.god), let value = stored.record.value else { return }
        truth.blame(user, "God object altered")
        append(
            Name.god,
            Broker.NewRecord(key: user.keyBytes, value: value + [0x20], headers: stored.record.headers, users: [user]))
    }

    /// A record where compaction keeps it for ever and no signal reaches it: in a foreign partition, or under another key.
    private mutating func stray(_ topic: String, _ user: UserID, _ value: [UInt8]?) {
        let partitions = Int32(broker.partitions(of: topic).count)
        let home = broker.home(of: user.keyBytes, in: topic)
        truth.blame(user, "stray in \(topic)")
        if partitions > 1, schedule.chance.happens(50) {
            append(
                topic, Broker.NewRecord(key: user.keyBytes, value: value, users: [user]), partition: (home + 1) % partitions)
        } else {
            append(topic, Broker.NewRecord(key: Array("{\"user_id\":\(user.text)}".utf8), value: value, users: [user]))
        }
    }

    /// Retention removes change events, read or not.
    private mutating func truncateChanges() {
        let partitions = Name.changes.flatMap { broker.partitions(of: $0) }
        guard let partition = schedule.chance.one(of: partitions) else { return }
        let log = broker[partition]
        let low = log.low + Int64(schedule.chance.below(Int(log.end - log.low) + 1))
        let committed = broker.groups[Name.intake]?.committed[partition] ?? 0
        for stored in log.records where stored.offset < low && stored.offset >= committed {
            for user in stored.record.users { truth.blame(user, "change event truncated unread") }
        }
        broker.truncate(partition, before: low)
    }

    /// The cleaner removes tombstones, read or not.
    private mutating func collectTombstones() {
        for partition in broker.partitions(of: Name.aggregate) + broker.partitions(of: Name.god) {
            let committed = broker.groups[Name.enricher]?.committed[partition] ?? 0
            for stored in broker.compact(partition, collectsTombstones: true)
            where partition.topic == Name.aggregate && stored.offset >= committed {
                for user in stored.record.users { truth.blame(user, "tombstone collected unread") }
            }
        }
    }
}

extension Broker {
    /// The newest record at a user's home.
    func newest(of user: UserID, in topic: String) -> Stored? {
        let home = TopicPartition(topic, home(of: user.keyBytes, in: topic))
        return self[home].records.last { $0.record.key == user.keyBytes }
    }
}
