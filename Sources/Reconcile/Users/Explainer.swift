import Domain
import Glibc
import Ledger
import Report
import Synchronization

/// Gathers everything that is known about one user. What cannot be reached is said, and the rest is shown all the same.
public struct Explainer: Sendable {
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

    /// Looks everywhere at once, each place on a thread of its own: where a server is down, one timeout is waited for, and not one
    /// after the other.
    public func explain(_ user: UserID) -> Explanation {
        let row = Slot<Explanation.Sighting<FindingLine.SourceRow>>()
        let changes = Slot<Explanation.Sighting<Explanation.Changes>>()
        let aggregate = Slot<Explanation.Sighting<Explanation.TopicRecord>>()
        let god = Slot<Explanation.Sighting<Explanation.TopicRecord>>()
        let conclusion = Slot<Explanation.Conclusion>()
        var reason = "it was not looked for"
        do {
            try ports.concurrently([
                { row.fill(sighting { try readRow(user) }) },
                { changes.fill(sighting { try ChangeSearch(settings, ports).changes(of: user) }) },
                { aggregate.fill(sighting { try readTopic(settings.topics.aggregate, user) }) },
                { god.fill(sighting { try readTopic(settings.topics.god, user) }) },
                { conclusion.fill(conclude(user)) },
            ])
        } catch {
            reason = "\(error)"
        }
        let parked = sighting { try readParked(user) }
        let judged = conclusion.content ?? .cannotTell(reason)
        return Explanation(
            user: user, row: row.content ?? .unseen(reason), changes: changes.content ?? .unseen(reason),
            aggregate: aggregate.content ?? .unseen(reason), productions: sighting { try readProductions(user) },
            god: god.content ?? .unseen(reason), parked: parked, past: sighting { try pastFindings(user) }, conclusion: judged,
            nextCommand: next(user, judged, parked))
    }

    private func readProductions(_ user: UserID) throws -> [Production] {
        var productions: [Production] = []
        _ = try ports.ledger().read(after: LedgerPosition()) { if $0.user == user { productions.append($0) } }
        return productions
    }

    private func readParked(_ user: UserID) throws -> [Explanation.ParkedEntry] {
        var open = OpenParkings()
        _ = try ports.parked().open { if $0 == user { open.note($1) } }
        return Hop.allCases.compactMap { hop in
            open[hop].map { entry in
                Explanation.ParkedEntry(
                    hop: hop, reason: entry.reason, parkedAt: UTCTime(millisecondsSince1970: entry.parkedAtMs))
            }
        }
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

    /// The one command that comes next: what could not be seen is looked into first, and a parked record before its user.
    private func next(
        _ user: UserID, _ conclusion: Explanation.Conclusion, _ parked: Explanation.Sighting<[Explanation.ParkedEntry]>
    ) -> String? {
        switch conclusion {
        case .consistent: return nil
        case .cannotTell: return commands.doctor
        case .differs(let findings):
            if case .found(let entries) = parked, !entries.isEmpty { return commands.parkedRetry }
            return findings.contains { Repair.canMend($0.cause) } ? commands.repair(user) : nil
        }
    }
}

/// What one of several threads found.
private final class Slot<Content: Sendable>: Sendable {
    private let state = Mutex<Content?>(nil)

    var content: Content? { state.withLock { $0 } }

    func fill(_ content: Content) { state.withLock { $0 = content } }
}
