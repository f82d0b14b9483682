import Domain
import Kafka
import Report

extension WorldState {
    /// Checks what a run said against what had really happened, while everything went on.
    mutating func check(_ run: Run) {
        // Behind a weak fence what is merely late looks like what is lost, which is why the report calls the fence weak.
        let isWeak = run.report.fence.strength == .weak
        for finding in run.findings where truth.blamed[finding.user] == nil && !isWeak {
            if finding.stage == .god, truth.everDisturbed.contains(finding.user) { continue }
            report(
                .findingWithoutDefect,
                "run \(run.report.runID) found \(finding.user) \(finding.stage.rawValue) \(finding.kind.rawValue)")
        }
        guard run.report.verdict == .clean else { return }
        // A run that goes on from another vouches for whoever was mentioned since that one began to read.
        let since = run.report.coverage.basis.map { readTurns[$0.run] ?? .max } ?? -1
        guard since < run.beganTurn else { return }
        let through = run.report.verifiedThrough ?? run.report.coverage.basis?.through
        let seen = through.map { server.transactions(before: $0) } ?? run.visibleAtBegin
        for user in since < 0 ? everyone : mentioned(since, run.beganTurn) {
            checkClean(user, seen, beganTurn: run.beganTurn, by: "run \(run.report.runID)")
        }
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

    func isHome(_ key: Broker.FoldKey, _ topic: String) -> Bool {
        Int(String(decoding: key.key, as: UTF8.self)) != nil && broker.home(of: key.key, in: topic) == key.partition
    }

    /// At some moment of a clean run each topic must have held what the source said at the run's position, or something newer. A row
    /// version that was lost is never there.
    mutating func checkClean(_ user: UserID, _ seen: Int, beganTurn: Int, by name: String) {
        let rows = server.rows(of: user, since: seen)
        let aggregates = values(of: user, in: Name.aggregate, since: beganTurn)
        // The stages are judged one by one, so this one is about the aggregates, whatever they are.
        let gods = (rows + aggregates).flatMap { self.gods(of: user, $0) }
        if !aggregates.contains(where: { rows.contains($0) }) {
            report(.cleanButLost, "\(name) was clean, and the aggregate of \(user) was not what the source said")
        }
        if !values(of: user, in: Name.god, since: beganTurn).contains(where: { gods.contains($0) }) {
            report(.cleanButLost, "\(name) was clean, and the God object of \(user) was made of no aggregate")
        }
        guard let god = broker.newest(of: user, in: Name.god), god.record.value != nil, god.turn <= beganTurn else { return }
        let address = RecordAddress(partition: broker.home(of: user.keyBytes, in: Name.god), offset: god.offset)
        if !machines.contains(where: { $0.productions.contains { $0.god == address } }) {
            report(.cleanButLost, "\(name) was clean, and no ledger lists the God object of \(user)")
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
