import Domain

/// Collects everyone whom the topics and ledgers mention after a baseline.
struct TouchedUsers {
    /// Something came that concerns users without naming them.
    struct NamesNobody: Error {
        var reason: String
    }

    private let settings: VerifySettings
    private let ports: any ReconcilePorts
    private let basis: Baseline

    init(_ settings: VerifySettings, _ ports: any ReconcilePorts, since basis: Baseline) {
        self.settings = settings
        self.ports = ports
        self.basis = basis
    }

    /// - Parameter standing: Up to where to read.
    /// - Throws: ``NamesNobody``, ``DueUsers/TooMany``.
    func collect(upTo standing: Standing, into due: inout DueUsers) throws {
        for topic in settings.topics.changes { try collectChanges(of: topic, standing, &due) }
        let keyed = settings.topicNames.filter { !settings.topics.changes.contains($0) }
        for topic in keyed { try collectKeys(of: topic, standing, &due) }
        guard settings.stages.contains(.god) else { return }
        let ledger = try ports.ledger()
        let position = LedgerPosition(lastIDs: standing.ledgers.map { basis.standing.lastID(of: $0.id) ?? 0 })
        _ = try ledger.read(after: position) { try due.add($0.user) }
    }

    private func starts(of topic: String) -> [Int32: Int64] { basis.standing.topics[topic]?.mapValues(\.end) ?? [:] }
    private func ends(of topic: String, _ standing: Standing) -> [Int32: Int64] {
        standing.topics[topic]?.mapValues(\.end) ?? [:]
    }

    /// Signals, aggregates and God objects carry the user as their key.
    private func collectKeys(of topic: String, _ standing: Standing, _ due: inout DueUsers) throws {
        let port = try ports.topic(topic)
        defer { port.close() }
        try port.read(from: starts(of: topic), to: ends(of: topic, standing)) { _, key in
            // What names no user is noted when the topic is folded.
            guard let key, let read = settings.userIDKind.read(recordKey: key) else { return }
            try due.add(read.key, read.user ?? UserID(String(decoding: key.withUnsafeBytes { Array($0) }, as: UTF8.self)))
        }
    }

    private func collectChanges(of topic: String, _ standing: Standing, _ due: inout DueUsers) throws {
        let port = try ports.topic(topic)
        defer { port.close() }
        let decoder = settings.changeDecoders[topic] ?? ChangeEventDecoder(userField: "user_id", kind: settings.userIDKind)
        // A delete is followed by a tombstone, whose key need not name the user. The first record of the stretch may follow one
        // that the earlier run has seen.
        var mayFollowDelete: Set<Int32> = Set(starts(of: topic).keys)
        try port.readValues(from: starts(of: topic), to: ends(of: topic, standing)) { address, record in
            let users: [UserID]
            do throws(ChangeEventError) {
                let event = try decoder.decode(key: record.key, value: record.value) { record.headers[$0] }
                let follows = mayFollowDelete.remove(address.partition) != nil
                if event.operation == .delete { mayFollowDelete.insert(address.partition) }
                guard follows || !event.users.isEmpty else {
                    throw ChangeEventError(.noUserID, "a tombstone whose key names nobody")
                }
                users = event.users
            } catch {
                mayFollowDelete.remove(address.partition)
                guard !error.users.isEmpty, error.reason != .truncate else {
                    throw NamesNobody(
                        reason: "topic `\(topic)`, partition \(address.partition), offset \(address.offset): \(error)")
                }
                users = error.users
            }
            for user in users { try due.add(user) }
        }
    }
}
