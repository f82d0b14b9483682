import Domain
import Kafka

extension WorldState {
    /// Checks, whenever a group commits, that the work for what it has passed is done: whoever reads on from there will never see
    /// these records again.
    mutating func checkWork(of partition: TopicPartition, from before: Int64, to after: Int64) {
        for stored in broker.records(partition, from: before, to: after) where !isDone(stored, in: partition) {
            report(
                .offsetPassedWork,
                "\(partition) was committed up to \(after), and nothing came of offset \(stored.offset) "
                    + "(\(stored.record.users.map(\.text).joined(separator: ", ")))")
        }
    }

    private func isDone(_ stored: Broker.Stored, in partition: TopicPartition) -> Bool {
        let key = Machine.ParkedKey(partition: partition, offset: stored.offset)
        if machines.contains(where: { $0.parked[key] != nil }) { return true }
        switch partition.topic {
        case Name.signals:
            return stored.record.users.allSatisfy { user in
                isWritten(Name.aggregate, user) { answer in
                    AggregateProvenance { header($0, of: answer) }.signal.map {
                        $0.partition == partition.partition && $0.offset >= stored.offset
                    } ?? false
                } || isParked(user, partition, since: stored.offset)
            }
        case Name.aggregate:
            return stored.record.users.allSatisfy { user in
                isRecorded(user, partition, stored) || isParked(user, partition, since: stored.offset)
            }
        default:
            // Made from the event, so after it, and not asking for less.
            return stored.record.users.allSatisfy { user in
                isWritten(Name.signals, user) { signal in
                    guard signal.turn > stored.turn else { return false }
                    guard let position = stored.record.position, let asked = signal.record.position else { return true }
                    return asked.hasReached(position)
                }
            }
        }
    }

    private func header(_ name: String, of stored: Broker.Stored) -> [UInt8]? {
        stored.record.headers.last { $0.name == name }?.value
    }

    /// Whether the broker has acknowledged such a record; what it lost afterwards is not the pipeline's fault.
    private func isWritten(_ topic: String, _ user: UserID, _ isMeant: (Broker.Stored) -> Bool) -> Bool {
        for partition in broker.partitions(of: topic) {
            for stored in broker[partition].history.reversed() where stored.record.key == user.keyBytes && isMeant(stored) {
                return true
            }
            for stored in broker[partition].swallowed where stored.record.key == user.keyBytes && isMeant(stored) { return true }
        }
        return false
    }

    private func isParked(_ user: UserID, _ partition: TopicPartition, since offset: Int64) -> Bool {
        machines.contains { machine in
            machine.parked.contains { $0.key.partition == partition && $0.key.offset >= offset && $0.value.user == user }
        }
    }

    private func isRecorded(_ user: UserID, _ partition: TopicPartition, _ stored: Broker.Stored) -> Bool {
        let deeds = truth.blamed[user] ?? []
        // Beside a stray of the same user, which may be the last of the batch, the real one is passed over, and the other way round.
        if deeds.contains(where: { $0 == "production lost" || $0.hasPrefix("stray") }) { return true }
        return machines.contains { machine in
            machine.productions.contains {
                $0.user == user && $0.aggregate.partition == partition.partition && $0.aggregate.offset >= stored.offset
            }
        }
    }
}
