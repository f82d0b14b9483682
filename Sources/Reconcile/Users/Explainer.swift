import Domain
import Glibc
import Ledger
import Report

/// Gathers everything that is known about one user. What cannot be reached is said, and the rest is shown all the same.
public struct Explainer {
    private let settings: VerifySettings
    private let ports: any ReconcilePorts
    private let historyPath: String
    private let commands: Commands

    public init(_ settings: VerifySettings, ports: any ReconcilePorts, historyPath: String, commands: Commands = Commands()) {
        self.settings = settings
        self.ports = ports
        self.historyPath = historyPath
        self.commands = commands
    }

    public func explain(_ user: UserID) -> Explanation {
        let row = sighting { try readRow(user) }
        let aggregate = sighting { try readTopic(settings.topics.aggregate, user) }
        let god = sighting { try readTopic(settings.topics.god, user) }
        var productions: [Production] = []
        var parked: [Hop: ParkReason] = [:]
        let ledger = sighting { () -> [Production]? in
            let ledger = try ports.ledger()
            _ = try ledger.read(after: LedgerPosition()) { if $0.user == user { productions.append($0) } }
            _ = try ports.parked().open { if $0 == user { parked[$1.hop] = $1.reason } }
            return productions
        }
        let conclusion = conclude(user)
        return Explanation(
            user: user, row: row, aggregate: aggregate, productions: ledger, god: god, parked: parked,
            past: (try? pastFindings(user)) ?? [], conclusion: conclusion, nextCommand: next(user, conclusion))
    }

    private func sighting<Value>(_ look: () throws -> Value?) -> Explanation.Sighting<Value> {
        do { return try look().map { .found($0) } ?? .absent } catch { return .unseen("\(error)") }
    }

    private func readRow(_ user: UserID) throws -> FindingLine.SourceRow? {
        let source = try ports.source()
        defer { source.close() }
        let rows = try source.rows(of: [user])
        return rows.digest(of: user).map { FindingLine.SourceRow(digest: $0, position: rows.position) }
    }

    private func readTopic(_ topic: String, _ user: UserID) throws -> Explanation.TopicRecord? {
        let port = try ports.topic(topic)
        defer { port.close() }
        let list = MemoryPlan(budgetBytes: settings.memoryBytes).listShape(directory: settings.temporaryDirectory)
        let followed = try FollowedTopic(port, kind: settings.userIDKind, users: [user], list: list)
        guard let newest = followed.records(of: user).home else { return nil }
        var facts: [Explanation.Fact] = []
        try port.fetch([newest.address]) { _, record in
            let names = [
                HeaderName.version, HeaderName.signal, HeaderName.encoding, HeaderName.aggregate, HeaderName.aggregateDigest,
                HeaderName.mappingDigest,
            ]
            facts = names.compactMap { name in
                record.headers[name].map { .init(String(name.dropFirst("rollcall.".count)), String(decoding: $0, as: UTF8.self)) }
            }
        }
        return Explanation.TopicRecord(
            address: newest.address, digest: newest.digest,
            writtenAt: newest.timestampMs.map { UTCTime(millisecondsSince1970: $0) }, provenance: facts)
    }

    /// The judgement is settled like any run's: what is merely on its way is no difference.
    private func conclude(_ user: UserID) -> Explanation.Conclusion {
        do {
            let outcome = try UserCheck(settings, ports: ports).run([user])
            if !outcome.findings.isEmpty { return .differs(outcome.findings) }
            if let reason = outcome.unresolved[user] { return .cannotTell(reason) }
            return .consistent
        } catch {
            return .cannotTell("\(error)")
        }
    }

    private func pastFindings(_ user: UserID) throws -> [Explanation.PastFinding] {
        // No run has been recorded yet.
        guard access(historyPath, F_OK) == 0 else { return [] }
        return try History(path: historyPath, access: .readOnly).findings(of: user).map { record in
            Explanation.PastFinding(
                stage: record.stage, kind: record.kind, causeCode: record.cause,
                firstSeen: UTCTime(millisecondsSince1970: record.firstSeenAtMs),
                lastSeen: UTCTime(millisecondsSince1970: record.lastSeenAtMs),
                healed: record.healedAtMs.map { UTCTime(millisecondsSince1970: $0) })
        }
    }

    private func next(_ user: UserID, _ conclusion: Explanation.Conclusion) -> String? {
        guard case .differs(let findings) = conclusion else { return nil }
        return findings.contains { Repair.canMend($0.cause) } ? commands.repair(user) : nil
    }
}
