import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

/// What can go wrong in earnest: each kind of finding at each stage, by each way that hands can bring about.
enum DefectClass: CaseIterable, Sendable {
    case unseenInsert, unseenUpdate, unseenPreference, unseenDelete
    case godRemoved, godOverwritten, godOfNobody, aggregateOfNobody, aggregateOverwritten
    case badRow, duplicateRow
    case strayGodPartition, strayGodKey

    /// Whether the user is there, and has arrived, before the defect is planted.
    var needsUser: Bool { ![.unseenInsert, .godOfNobody, .aggregateOfNobody].contains(self) }

    /// Whether a record, or a parked one, tells of the user after it was planted.
    var leavesTrace: Bool { ![.unseenInsert, .unseenUpdate, .unseenPreference, .unseenDelete].contains(self) }
}

/// A defect that was planted, and what a run has to say of it.
struct PlantedDefect: Sendable {
    var kind: DefectClass
    var user: UserID
    /// Stages and kinds of the findings; a defect of the aggregate is seen at the next stage too, where the pipeline did not stop.
    var findings: Set<String>
    var isFound = false
}

/// Plants defects, and mends them.
struct DefectHands {
    let live: LivePipeline

    /// Brings users into being who are to come to harm later, and waits until they have arrived.
    func prepare(_ users: [UserID]) throws {
        guard !users.isEmpty else { return }
        let rows = users.map { "(\($0), 'calm')" }.joined(separator: ", ")
        try live.change(
            "INSERT INTO users (user_id, email) VALUES \(rows)",
            "INSERT INTO preferences (user_id, locale) VALUES \(users.map { "(\($0), 'de')" }.joined(separator: ", "))")
        try live.wait(until: "\(users.count) users arrive") {
            let gods = try live.newest(live.topics.god)
            // Both of their events: the second one must not mend what is planted after the first.
            return users.allSatisfy { user in
                gods[user]?.value.map { String(decoding: $0, as: UTF8.self).contains(#""locale":"de""#) } == true
            }
        }
    }

    /// - Returns: What runs must find from now on.
    func plant(_ kind: DefectClass, _ user: UserID) throws -> PlantedDefect {
        let (god, aggregate) = (live.topics.god, live.topics.aggregate)
        var findings: Set<String> = []
        switch kind {
        case .unseenInsert:
            try live.changeWithoutBinlog("INSERT INTO users (user_id, email) VALUES (\(user), 'unseen')")
            findings = ["aggregate missing no_change_event_seen"]
        case .unseenUpdate:
            try live.changeWithoutBinlog("UPDATE users SET email = 'unseen' WHERE user_id = \(user)")
            findings = ["aggregate stale no_change_event_seen"]
        case .unseenPreference:
            try live.changeWithoutBinlog("UPDATE preferences SET locale = 'sv' WHERE user_id = \(user)")
            findings = ["aggregate stale no_change_event_seen"]
        case .unseenDelete:
            try live.changeWithoutBinlog(
                "DELETE FROM preferences WHERE user_id = \(user)", "DELETE FROM users WHERE user_id = \(user)")
            findings = ["aggregate extra no_change_event_seen"]
        case .godRemoved:
            try live.produce(OutgoingRecord(topic: god, key: user.keyBytes, value: nil))
            findings = ["god missing produced_then_absent"]
        case .godOverwritten:
            try live.produce(OutgoingRecord(topic: god, key: user.keyBytes, value: Array(Self.otherGod.utf8)))
            findings = ["god stale not_in_ledger"]
        case .godOfNobody:
            try live.produce(OutgoingRecord(topic: god, key: user.keyBytes, value: Array("{}".utf8)))
            findings = ["god extra tombstone_missing"]
        case .aggregateOfNobody:
            try live.produce(OutgoingRecord(topic: aggregate, key: user.keyBytes, value: Array("{}".utf8)))
            findings = ["aggregate extra no_change_event_seen"]
        case .aggregateOverwritten:
            // The enricher makes a God object of it, as of any other: only the source knows better.
            try live.produce(OutgoingRecord(topic: aggregate, key: user.keyBytes, value: Array(Self.otherAggregate.utf8)))
            findings = ["aggregate stale"]
        case .badRow:
            try live.change("UPDATE users SET shoe_size = 'large' WHERE user_id = \(user)")
            findings = ["aggregate stale parked:bad_row"]
        case .duplicateRow:
            try live.change(
                "INSERT INTO nicknames (user_id, nickname) VALUES (\(user), 'Tom'), (\(user), 'Tim')",
                "UPDATE users SET credit = 1 WHERE user_id = \(user)")
            findings = ["aggregate stale parked:duplicate_row"]
        case .strayGodPartition:
            try live.produce(
                OutgoingRecord(
                    topic: god, partition: live.foreignPartition(of: user), key: user.keyBytes, value: Array("{}".utf8)))
            findings = ["god extra wrong_partition"]
        case .strayGodKey:
            try live.produce(OutgoingRecord(topic: god, key: Self.foreignKey(of: user), value: Array("{}".utf8)))
            findings = ["god extra two_live_keys"]
        }
        return PlantedDefect(kind: kind, user: user, findings: findings)
    }

    private static func foreignKey(of user: UserID) -> [UInt8] { Array(#"{"user_id":\#(user)}"#.utf8) }

    /// Whether the pipeline has mended the defect by itself, before the run had read its topics to the end: a hop that is cut off before
    /// its commit does its last batch again, and what it writes then is right.
    func isMendedByRepetition(_ defect: PlantedDefect, before report: RunReport) throws -> Bool {
        let isOfGod = [.godRemoved, .godOverwritten, .godOfNobody].contains(defect.kind)
        let topic = isOfGod ? live.topics.god : live.topics.aggregate
        let ends = (isOfGod ? report.godTopic : report.aggregateTopic)?.partitions ?? []
        guard let newest = try live.newest(topic)[defect.user],
            ends.contains(where: { $0.partition == newest.address.partition && newest.address.offset < $0.end })
        else { return false }
        let text = newest.value.map { String(decoding: $0, as: UTF8.self) }
        return switch defect.kind {
        case .godRemoved, .unseenInsert: text != nil
        case .godOfNobody, .aggregateOfNobody, .unseenDelete: text == nil
        case .godOverwritten: text != Self.otherGod
        case .aggregateOverwritten: text != Self.otherAggregate
        case .unseenUpdate: text?.contains("unseen") == true
        case .unseenPreference: text?.contains(#""sv""#) == true
        case .badRow, .duplicateRow, .strayGodPartition, .strayGodKey: false
        }
    }

    private static let otherGod = #"{"aggregate":null}"#
    private static let otherAggregate = #"{"user_id":1}"#

    /// Takes the reason away; whoever a signal can reach is signalled after that.
    func mend(_ defect: PlantedDefect) throws {
        let (user, god) = (defect.user, live.topics.god)
        switch defect.kind {
        case .badRow: try live.change("UPDATE users SET shoe_size = '41' WHERE user_id = \(user)")
        case .duplicateRow: try live.change("DELETE FROM nicknames WHERE user_id = \(user)")
        case .strayGodPartition:
            try live.produce(
                OutgoingRecord(topic: god, partition: live.foreignPartition(of: user), key: user.keyBytes, value: nil))
        case .strayGodKey: try live.produce(OutgoingRecord(topic: god, key: Self.foreignKey(of: user), value: nil))
        default: break
        }
    }
}
