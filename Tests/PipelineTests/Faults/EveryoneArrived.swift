import Domain
import Kafka
import Ledger
import Source
import TestSupport
import Testing

@testable import Pipeline

extension PipelineStack {
    /// Waits until every group has read its topics to their ends.
    ///
    /// The enricher may signal, so the signals are looked at again after it.
    func waitUntilDrained() throws {
        try eventually("no lag") {
            try lag(settings.groups.intake, [users, preferences]) == 0
                && lag(settings.groups.aggregator, [settings.topics.signals]) == 0
                && lag(settings.groups.enricher, [settings.topics.aggregate]) == 0
                && lag(settings.groups.aggregator, [settings.topics.signals]) == 0
                && lag(settings.groups.enricher, [settings.topics.aggregate]) == 0
        }
    }

    /// Folds MySQL, both topics and the ledgers, and expects them to tell the same of each of these users: row, aggregate, God
    /// object and newest production.
    ///
    /// - Parameters:
    ///   - users: Everyone whose changes were published, those without a row included.
    ///   - ledgers: The ledgers of all processes; by default the one of the settings.
    func expectEveryoneArrived(
        _ users: some Sequence<Int>, ledgers: [String]? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let problems = try differences(of: users, ledgers: ledgers)
        #expect(
            problems.isEmpty, "\(problems.count) differences: \(problems.prefix(8).joined(separator: "; "))",
            sourceLocation: sourceLocation)
    }

    /// What does not fit together, in words.
    func differences(of users: some Sequence<Int>, ledgers: [String]? = nil) throws -> [String] {
        let users = Set(users.map { UserID("\($0)") })
        let reader = try SourceReader(settings.source)
        defer { reader.close() }
        let rows = try reader.rows(of: Array(users)).rows
        let aggregates = try live(settings.topics.aggregate)
        let gods = try live(settings.topics.god)
        let productions = try newestProductions(ledgers ?? [settings.ledgerPath])

        var problems = users.sorted().flatMap { user in
            Life(
                user: user, row: rows[user], aggregate: aggregates[user.text], god: gods[user.text],
                production: productions[user]
            ).problems
        }
        for (name, topic) in [("aggregate", aggregates), ("God object", gods)] {
            problems += topic.keys.filter { !users.contains(UserID($0)) }.map { "\($0): a \(name) of nobody" }
        }
        return problems
    }

    /// Each user's newest production in all of these ledgers.
    private func newestProductions(_ ledgers: [String]) throws -> [UserID: Production] {
        var newest: [UserID: Production] = [:]
        for path in ledgers {
            try LedgerReader(path: path).fold { production in
                if let known = newest[production.user], known.god.offset > production.god.offset { return }
                newest[production.user] = copy production
            }
        }
        return newest
    }
}

/// All that is known of one user, and what of it does not fit.
private struct Life {
    let user: UserID
    let row: [UInt8]?
    let aggregate: Record?
    let god: Record?
    let production: Production?

    var problems: [String] {
        var problems: [String] = []
        if aggregate?.value != row { problems.append("the aggregate is \(shown(aggregate?.value)), the row \(shown(row))") }
        if (god?.value == nil) != (row == nil) {
            problems.append("the God object is \(shown(god?.value)), the row \(shown(row))")
        }
        // Somebody who never was on the topic needs no tombstone, and no production.
        guard let god else { return problems.map { "\(user): \($0)" } }
        guard let production else { return (problems + ["not in the ledger"]).map { "\(user): \($0)" } }
        if production.god != RecordAddress(partition: god.partition, offset: god.offset) {
            problems.append(
                "the ledger's newest production is at \(production.god), the topic's at \(god.partition):\(god.offset)")
        }
        if production.godDigest != god.value.map({ Digest(of: $0) }) { problems.append("the ledger has another God object") }
        if production.aggregateDigest != row.map({ Digest(of: $0) }) {
            problems.append("the God object was made of another aggregate")
        }
        if god.partition != aggregate?.partition { problems.append("aggregate and God object are in different partitions") }
        return problems.map { "\(user): \($0)" }
    }

    private func shown(_ bytes: [UInt8]?) -> String { bytes.text ?? "none" }
}
