import Domain
import Kafka
import Report

extension WorldState {
    /// Checks what a run said against what had really happened, while everything went on.
    mutating func check(_ run: Run) {
        for finding in run.findings where truth.blamed[finding.user] == nil {
            if finding.stage == .god, truth.everDisturbed.contains(finding.user) { continue }
            report(
                .findingWithoutDefect,
                "run \(run.report.runID) found \(finding.user) \(finding.stage.rawValue) \(finding.kind.rawValue)")
        }
        guard run.report.verdict == .clean else { return }
        // A run that goes on from another vouches for whoever was mentioned since that one began to read.
        let since = run.report.coverage.basis.map { readTurns[$0.run] ?? .max } ?? -1
        guard since < run.beganTurn else { return }
        guard let through = run.report.verifiedThrough ?? run.report.coverage.basis?.through else { return }
        let seen = server.transactions(before: through)
        for user in since < 0 ? everyone : mentioned(since, run.beganTurn) { checkClean(user, seen, run) }
        for topic in [Name.aggregate, Name.god] {
            for (key, stored) in broker.fold(topic)
            where stored.record.value != nil && (since...run.beganTurn).contains(stored.turn) && !isHome(key, topic) {
                report(.cleanButLost, "run \(run.report.runID) was clean, and a stray lay in \(topic)[\(key.partition)]")
            }
        }
    }

    /// Everyone of whom a topic has told between two turns, unless the record is gone since.
    private func mentioned(_ since: Int, _ until: Int) -> [UserID] {
        let topics = Name.changes + [Name.signals, Name.aggregate, Name.god]
        let records = topics.flatMap { broker.partitions(of: $0) }.flatMap { broker[$0].records }
        return Set(records.filter { $0.turn > since && $0.turn < until }.flatMap(\.record.users)).sorted()
    }

    /// Everyone who ever was in the source or on a topic.
    private var everyone: [UserID] {
        let onTopics = [Name.aggregate, Name.god].flatMap { broker.fold($0).values.flatMap(\.record.users) }
        return Set(onTopics).union(server.versions.keys).sorted()
    }

    private func isHome(_ key: Broker.FoldKey, _ topic: String) -> Bool {
        Int(String(decoding: key.key, as: UTF8.self)) != nil && broker.home(of: key.key, in: topic) == key.partition
    }

    /// At some moment of a clean run each topic must have held what the source said at the run's position, or something newer. A row
    /// version that was lost is never there.
    private mutating func checkClean(_ user: UserID, _ seen: Int, _ run: Run) {
        let rows = server.rows(of: user, since: seen)
        let aggregates = values(of: user, in: Name.aggregate, since: run.beganTurn)
        // The stages are judged one by one, so this one is about the aggregates, whatever they are.
        let gods = (rows + aggregates).map { SimulatedMappings.god(of: user, $0) }
        if !aggregates.contains(where: { rows.contains($0) }) {
            report(.cleanButLost, "run \(run.report.runID) was clean, and the aggregate of \(user) was not what the source said")
        }
        if !values(of: user, in: Name.god, since: run.beganTurn).contains(where: { gods.contains($0) }) {
            report(.cleanButLost, "run \(run.report.runID) was clean, and the God object of \(user) was made of no aggregate")
        }
        guard let god = broker.newest(of: user, in: Name.god), god.record.value != nil, god.turn <= run.beganTurn else { return }
        let address = RecordAddress(partition: broker.home(of: user.keyBytes, in: Name.god), offset: god.offset)
        if !machines.contains(where: { $0.productions.contains { $0.god == address } }) {
            report(.cleanButLost, "run \(run.report.runID) was clean, and no ledger lists the God object of \(user)")
        }
    }

    /// What a topic held of a user at any moment since.
    private func values(of user: UserID, in topic: String, since turn: Int) -> [[UInt8]?] {
        let home = TopicPartition(topic, broker.home(of: user.keyBytes, in: topic))
        let own = broker[home].history.filter { $0.record.key == user.keyBytes }
        let before = own.last { $0.turn <= turn }?.record.value
        return [before] + own.filter { $0.turn > turn }.map(\.record.value)
    }
}
