import Domain
import Report

/// Looks for the change events about one user in the change topics.
struct ChangeSearch {
    private let settings: VerifySettings
    private let ports: any ReconcilePorts

    /// Records of each topic that are looked through, the newest: some seconds of reading. What lies before them is counted.
    private static let recordsAtMost: Int64 = 500_000
    /// Change events that are kept: more than a screen shows.
    private static let keptAtMost = 10

    init(_ settings: VerifySettings, _ ports: any ReconcilePorts) {
        self.settings = settings
        self.ports = ports
    }

    func changes(of user: UserID) throws -> Explanation.Changes {
        var found: [Explanation.ChangeSighting] = []
        var changes = Explanation.Changes()
        for topic in settings.topics.changes {
            let port = try ports.topic(topic)
            defer { port.close() }
            var start: [Int32: Int64] = [:]
            var end: [Int32: Int64] = [:]
            let bounds = try port.bounds()
            let share = Self.recordsAtMost / Int64(max(1, bounds.count))
            for (partition, bound) in bounds {
                start[partition] = max(bound.low, bound.end - share)
                end[partition] = bound.end
                changes.unread += Int(max(0, bound.end - share - bound.low))
            }
            try port.readValues(from: start, to: end) { address, record in
                guard let change = sighting(of: user, in: topic, address, record) else { return }
                changes.count += 1
                found.append(change)
                // The newest of a topic come last within each of its partitions only.
                if found.count > 1_000 { found = Self.newest(found) }
            }
        }
        changes.newest = Self.newest(found)
        return changes
    }

    private static func newest(_ found: [Explanation.ChangeSighting]) -> [Explanation.ChangeSighting] {
        let sorted = found.sorted { left, right in
            let (leftMs, rightMs) = (left.at?.millisecondsSince1970 ?? 0, right.at?.millisecondsSince1970 ?? 0)
            return leftMs == rightMs
                ? (left.topic, left.address.partition, left.address.offset) < (
                    right.topic, right.address.partition, right.address.offset
                )
                : leftMs < rightMs
        }
        return Array(sorted.suffix(keptAtMost))
    }

    private func sighting(
        of user: UserID, in topic: String, _ address: RecordAddress, _ record: TopicValue
    ) -> Explanation.ChangeSighting? {
        guard mayName(user, record) else { return nil }
        let decoder = settings.changeDecoders[topic] ?? ChangeEventDecoder(userField: "user_id", kind: settings.userIDKind)
        let writtenAt = record.timestampMs.map { UTCTime(millisecondsSince1970: $0) }
        do throws(ChangeEventError) {
            let event = try decoder.decode(key: record.key, value: record.value) { record.headers[$0] }
            guard event.users.contains(user) else { return nil }
            return Explanation.ChangeSighting(
                topic: topic, address: address, operation: "\(event.operation)", position: event.position,
                at: event.sourceTimestampMs.map { UTCTime(millisecondsSince1970: $0) } ?? writtenAt)
        } catch {
            guard error.users.contains(user) else { return nil }
            return Explanation.ChangeSighting(
                topic: topic, address: address, operation: "unreadable (\(error.reason.explanation))", position: nil,
                at: writtenAt)
        }
    }

    /// Whether the record's bytes hold the id at all: most do not, and decoding is what takes the time. An id that JSON may write
    /// in more than one way is not looked for.
    private func mayName(_ user: UserID, _ record: TopicValue) -> Bool {
        let id = user.keyBytes
        guard id.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) else {
            return true
        }
        return [record.key, record.value].contains { $0?.firstRange(of: id) != nil }
    }
}
