import Domain
import Pipeline

/// A request for a replay, as it stands on the control topic, and how far it has got.
struct ReplayEntry: Sendable {
    var request: ReplayRequest
    /// By partition of the aggregate topic: what the request's own group has committed.
    var progress: [Int32: Int64] = [:]
    /// Whether it still stands on the control topic.
    var isOpen = true
    /// Whom it has to reach, and how often the service had changed its mind about each by then.
    var answersDue: [UserID: Int]
}

extension WorldState {
    /// Asks for a replay of what is on the aggregate topic now.
    mutating func askForReplay() {
        let users = schedule.chance.happens(30) ? schedule.chance.one(of: plan.users).map { Set([$0]) } : nil
        let sinceMs = schedule.chance.happens(20) ? nowMs - Int64(schedule.chance.within(0...800)) : nil
        var ranges: [Int32: ReplayRequest.Range] = [:]
        var due: [UserID: Int] = [:]
        for partition in broker.partitions(of: Name.aggregate) {
            let log = broker[partition]
            let first = sinceMs.map { since in log.records.first { $0.timeMs >= since }?.offset ?? log.end } ?? log.low
            guard first < log.end else { continue }
            ranges[partition.partition] = ReplayRequest.Range(start: first, end: log.end)
        }
        for user in plan.users where users?.contains(user) ?? true {
            guard let newest = broker.newest(of: user, in: Name.aggregate), newest.record.value != nil,
                sinceMs.map({ newest.timeMs >= $0 }) ?? true
            else { continue }
            due[user] = weather.answers[user] ?? 0
        }
        let request = ReplayRequest(
            id: "r\(replays.count)", requestedAtMs: nowMs, sinceMs: sinceMs, users: users, ranges: ranges)
        note("asks for replay \(request.id) of \(due.keys.map(\.text).sorted())")
        replays.append(ReplayEntry(request: request, answersDue: due))
        schedule.announce(Name.control)
    }

    /// A replay that is done has brought everyone what the service said when it was asked for, or something newer.
    mutating func checkReplays() {
        for entry in replays {
            for (user, answers) in entry.answersDue.sorted(by: { $0.key < $1.key }) where truth.blamed[user] == nil {
                guard let god = broker.newest(of: user, in: Name.god)?.record.value,
                    let aggregate = broker.newest(of: user, in: Name.aggregate)?.record.value
                else { continue }
                let good = (answers...(weather.answers[user] ?? 0)).map {
                    SimulatedMappings.god(of: user, aggregate, answers: $0)
                }
                guard !good.contains(god) else { continue }
                report(
                    .replayMissed,
                    "replay \(entry.request.id) is done, and the God object of \(user) still holds an older mapping: "
                        + String(decoding: god, as: UTF8.self))
            }
        }
    }

    /// Every God object that an aggregate may have become, whenever the mapping service was asked.
    func gods(of user: UserID, _ aggregate: [UInt8]?) -> [[UInt8]?] {
        (0...(weather.answers[user] ?? 0)).map { SimulatedMappings.god(of: user, aggregate, answers: $0) }
    }
}
