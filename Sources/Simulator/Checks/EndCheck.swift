import Domain
import Kafka
import Report

extension WorldState {
    /// Checks everything when all has come to rest: the topics against the source, the ledgers against the topics, and the last
    /// run against all of them.
    mutating func checkTheEnd(_ run: Run) {
        let wrong = differences()
        let found = Set(run.findings.map { Difference(user: $0.user, stage: $0.stage, kind: $0.kind) })
        if found != wrong || run.report.verdict != (wrong.isEmpty ? .clean : .differences) {
            report(
                .wrongFinalVerdict,
                "the last run said \(run.report.verdict.rawValue) \(describe(found)) \(run.report.reason ?? ""), and right was "
                    + "\(describe(wrong))")
        }
        for difference in wrong where truth.blamed[difference.user] == nil && !isOutdated(difference) {
            report(.notConverged, "nobody did anything to \(difference.user), and \(describe([difference]))")
        }
        checkLedgers()
        checkReplays()
    }

    /// Whether only the mapping has changed since, which is nobody's fault.
    func isOutdated(_ difference: Difference) -> Bool {
        guard difference.stage == .god, difference.kind == .stale else { return false }
        let aggregate = broker.newest(of: difference.user, in: Name.aggregate)?.record.value
        let god = broker.newest(of: difference.user, in: Name.god)?.record.value
        return gods(of: difference.user, aggregate).contains(god)
    }

    struct Difference: Hashable {
        var user: UserID
        var stage: Stage
        var kind: Kind
    }

    func describe(_ differences: Set<Difference>) -> String {
        "[" + differences.map { "\($0.user) \($0.stage.rawValue) \($0.kind.rawValue)" }.sorted().joined(separator: ", ") + "]"
    }

    // MARK: - Independent of the product

    /// What is wrong, found out with none of the product's code.
    func differences() -> Set<Difference> {
        var wrong: Set<Difference> = []
        let aggregates = live(Name.aggregate, &wrong, .aggregate)
        let gods = live(Name.god, &wrong, .god)
        for user in Set(server.versions.keys).union(aggregates.keys).union(gods.keys) {
            let row = server.row(of: user, in: server.log.count)
            let aggregate = aggregates[user]?.record.value
            if row != aggregate {
                wrong.insert(Difference(user: user, stage: .aggregate, kind: kind(expected: row, found: aggregate)))
            }
            let god = gods[user]
            if let aggregate, let god {
                if !isMade(user, from: aggregate, god) || isParked(user) {
                    wrong.insert(Difference(user: user, stage: .god, kind: .stale))
                }
            } else if (aggregate == nil) != (god == nil) {
                wrong.insert(Difference(user: user, stage: .god, kind: aggregate == nil ? .extra : .missing))
            }
        }
        return asksForMappings ? wrong.union(outdated(gods, unless: Set(wrong.map(\.user)))) : wrong
    }

    /// Whose God object was made with another mapping than the service gives now.
    private func outdated(_ gods: [UserID: Broker.Stored], unless wrong: Set<UserID>) -> Set<Difference> {
        var outdated: Set<Difference> = []
        for (user, stored) in gods where !wrong.contains(user) {
            let aggregate = broker.newest(of: user, in: Name.aggregate)?.record.value
            let present = SimulatedMappings.god(of: user, aggregate, answers: weather.answers[user] ?? 0)
            if stored.record.value != present { outdated.insert(Difference(user: user, stage: .god, kind: .stale)) }
        }
        return outdated
    }

    private func kind(expected: [UInt8]?, found: [UInt8]?) -> Kind {
        if expected == nil { return .extra }
        return found == nil ? .missing : .stale
    }

    /// The live records at their users' homes; all others are differences.
    private func live(_ topic: String, _ wrong: inout Set<Difference>, _ stage: Stage) -> [UserID: Broker.Stored] {
        var live: [UserID: Broker.Stored] = [:]
        for (key, stored) in broker.fold(topic) where stored.record.value != nil {
            let text = String(decoding: key.key, as: UTF8.self)
            if Int(text) != nil, broker.home(of: key.key, in: topic) == key.partition {
                live[UserID(text)] = stored
            } else {
                for user in stored.record.users { wrong.insert(Difference(user: user, stage: stage, kind: .extra)) }
            }
        }
        return live
    }

    /// Whether the enricher gave up over the user, and nothing newer of the user's came of it since.
    private func isParked(_ user: UserID) -> Bool {
        openParked.contains { owner, entry in
            guard owner == user, entry.hop == .enricher else { return false }
            let newest = newestProduction(of: user)
            if entry.reason == .wrongPartition { return newest.map { $0.producedAtMs <= entry.parkedAtMs } ?? true }
            return newest.map {
                $0.aggregate.partition != entry.address.partition || $0.aggregate.offset < entry.address.offset
                    || ($0.aggregate.offset == entry.address.offset && $0.producedAtMs <= entry.parkedAtMs)
            } ?? true
        }
    }

    /// Whether the newest production that any ledger lists for the user made this God object out of this aggregate.
    private func isMade(_ user: UserID, from aggregate: [UInt8], _ god: Broker.Stored) -> Bool {
        guard let newest = newestProduction(of: user) else { return false }
        return newest.god.offset == god.offset && newest.godDigest == god.record.value.map { Digest(of: $0) }
            && newest.aggregateDigest == Digest(of: aggregate)
    }

    private func newestProduction(of user: UserID) -> Production? {
        let home = broker.home(of: user.keyBytes, in: Name.god)
        let productions = machines.flatMap(\.productions).filter { $0.user == user && $0.god.partition == home }
        return productions.max { $0.god.offset < $1.god.offset }
    }

    // MARK: - Ledgers

    private mutating func checkLedgers() {
        var written: [RecordAddress: [UInt8]?] = [:]
        for partition in broker.partitions(of: Name.god) {
            for stored in broker[partition].history + broker[partition].swallowed {
                written[RecordAddress(partition: partition.partition, offset: stored.offset)] = .some(stored.record.value)
            }
        }
        var recorded: Set<RecordAddress> = []
        for production in machines.flatMap(\.productions) {
            recorded.insert(production.god)
            guard let value = written[production.god], production.godDigest == value.map({ Digest(of: $0) }) else {
                report(
                    .productionNeverMade,
                    "a ledger lists \(production.user) at \(production.god), where no such God object was written")
                continue
            }
        }
        for partition in broker.partitions(of: Name.god) {
            var newest: [[UInt8]: RecordAddress] = [:]
            for stored in broker[partition].history where !stored.record.users.contains(where: isOutOfReach) {
                let address = RecordAddress(partition: partition.partition, offset: stored.offset)
                if truth.acknowledged.contains(address) { newest[stored.record.key ?? []] = address }
            }
            // Who lost a partition between the acknowledgement and the ledger leaves the rest to the new owner, who makes the same God
            // object once more: only what was not made again has to be listed.
            for address in newest.values where !recorded.contains(address) && !truth.lostProductions.contains(address) {
                report(.productionNotRecorded, "the God object at \(address) was acknowledged, and no ledger lists it")
            }
        }
    }

    /// Whether nobody can make the user's God object again: the cleaner took aggregates that nobody had read, or the mapping service
    /// fails for the user.
    private func isOutOfReach(_ user: UserID) -> Bool {
        weather.mappingFails.contains(user) || truth.blamed[user]?.contains("tombstone collected unread") ?? false
    }
}
