import Domain
import Kafka
import Ledger
import Report
import Sandbox
import Testing

@testable import Reconcile
@testable import rollcall

extension EndToEnd {
    @Suite("A verdict names stage, kind and cause")
    struct CauseTests {
        @Test("of rows that changed with the binary log off, and a signal mends them")
        func noChangeEventSeen() throws {
            let live = try LivePipeline.current()
            try live.change(
                "INSERT INTO users (user_id, email) VALUES (1101, 'a@example.com'), (1102, 'b@example.com'), (1103, 'c@example.com')",
                "INSERT INTO preferences (user_id, locale) VALUES (1101, 'de'), (1102, 'de')")
            try live.expectClean()

            try live.changeWithoutBinlog(
                "INSERT INTO users (user_id, email) VALUES (1100, 'unseen@example.com')",
                "UPDATE users SET email = 'changed@example.com', credit = 7 WHERE user_id = 1101",
                "UPDATE preferences SET locale = 'sv' WHERE user_id = 1102",
                "DELETE FROM users WHERE user_id = 1103")
            let roll = try live.verify()
            #expect(
                roll.findings == [
                    "1100 aggregate missing no_change_event_seen", "1101 aggregate stale no_change_event_seen",
                    "1102 aggregate stale no_change_event_seen", "1103 aggregate extra no_change_event_seen",
                ])
            #expect(roll.report.verdict == .differences)
            #expect(roll.report.exitCode == 1)
            #expect(roll.report.complete)
            let fields = Dictionary(uniqueKeysWithValues: roll.lines.map { ($0.user, $0.fields) })
            #expect(fields[UserID(1101)].map(Set.init) == ["email", "credit"])
            #expect(fields[UserID(1102)] == ["locale"])

            #expect(try live.repair(roll.lines.map(\.user)).exitCode == 0)
            let healed = try live.expectClean()
            #expect(healed.report.delta?.healed == 4)
        }

        @Test("of God objects that were removed or overwritten behind the ledger's back, and a signal mends them")
        func godTopicByHand() throws {
            let live = try LivePipeline.current()
            try live.change(
                "INSERT INTO users (user_id, email) VALUES (1201, 'a@example.com'), (1202, 'b@example.com')")
            try live.expectClean()
            let users = [UserID(1201), UserID(1202), UserID(1203)]
            try live.produce(
                OutgoingRecord(topic: live.topics.god, key: users[0].keyBytes, value: nil),
                OutgoingRecord(topic: live.topics.god, key: users[1].keyBytes, value: Array(#"{"aggregate":null}"#.utf8)),
                // Nobody by that id has ever been here.
                OutgoingRecord(topic: live.topics.god, key: users[2].keyBytes, value: Array("{}".utf8)))
            let roll = try live.verify()
            #expect(
                roll.findings == [
                    "1201 god missing produced_then_absent", "1202 god stale not_in_ledger", "1203 god extra tombstone_missing",
                ])
            #expect(try live.repair(users).exitCode == 0)
            try live.expectClean()
        }

        @Test("of users whose rows or mappings cannot be processed, until they can")
        func parked() throws {
            let live = try LivePipeline.current()
            let mapping = try live.stack.requireMapping()
            // 422 is about the request, so the service is not waited for.
            try mapping.setFaults(MappingFaults(failure: .status, status: 422, users: ["1301", "1302"]))
            try live.change(
                "INSERT INTO users (user_id, email) VALUES (1301, 'unmappable@example.com')",
                "INSERT INTO users (user_id, email) VALUES (1303, 'twice@example.com'), (1304, 'large@example.com')")
            try live.wait(until: "the first rows arrive") { try live.newest(live.topics.god)[UserID(1304)] != nil }
            try live.change(
                "INSERT INTO nicknames (user_id, nickname) VALUES (1303, 'Tom'), (1303, 'Tim')",
                "UPDATE users SET credit = 1 WHERE user_id = 1303",
                "UPDATE users SET shoe_size = 'large' WHERE user_id = 1304")
            let roll = try live.verify()
            #expect(
                roll.findings == [
                    "1301 god missing parked:mapping_failed", "1303 aggregate stale parked:duplicate_row",
                    "1304 aggregate stale parked:bad_row",
                ])
            #expect(roll.report.counts[.aggregate]?.parked == 2)
            #expect(roll.report.counts[.god]?.parked == 1)

            try mapping.clearFaults()
            try live.change(
                "DELETE FROM nicknames WHERE user_id = 1303", "UPDATE users SET shoe_size = '41' WHERE user_id = 1304")
            #expect(try live.repair([UserID(1301), UserID(1303)]).exitCode == 0)
            try live.expectClean()
            for hop in [Hop.aggregator, .enricher] {
                #expect(try ParkedReader(path: live.parkedPath(of: hop)).openCounts().isEmpty)
            }
        }

        @Test("of users whom the mapping service tells other things of now, until they are enriched anew")
        func mappingChanged() throws {
            let live = try LivePipeline.current()
            try live.change("INSERT INTO users (user_id, email) VALUES (1401, 'a@example.com'), (1402, 'b@example.com')")
            try live.expectClean()
            let mapping = try live.stack.requireMapping()
            try mapping.setGeneration(2, users: ["1401"])
            let all = try live.verify(adjust: { $0.mappings = .everyone })
            #expect(all.findings == ["1401 god stale mapping_changed_since"])
            #expect(all.report.notes.contains { $0.contains("1 are not those that the God objects were made with") })
            try live.expectClean("no run asks unless it is told to")
            #expect(try live.repair([UserID(1401)]).exitCode == 0)
            #expect(try live.verify(adjust: { $0.mappings = .everyone }).report.verdict == .clean)
            try mapping.setGeneration(1, users: ["1401"])
            try live.repair([UserID(1401)])
        }

        @Test("of a user whose values are right while a later attempt to enrich it lies parked")
        func parkedThoughRight() throws {
            let live = try LivePipeline.current()
            try live.change("INSERT INTO users (user_id, email) VALUES (1311, 'a@example.com')")
            try live.expectClean()
            let user = UserID(1311)
            // An operator's tool puts the same aggregate on the topic again, and just then the service refuses the user.
            let mapping = try live.stack.requireMapping()
            try mapping.setFaults(MappingFaults(failure: .status, status: 422, users: ["1311"]))
            let value = try #require(try live.newest(live.topics.aggregate)[user]?.value)
            try live.produce(OutgoingRecord(topic: live.topics.aggregate, key: user.keyBytes, value: value))
            let roll = try live.verify()
            #expect(roll.findings == ["1311 god stale parked:mapping_failed"])
            #expect(roll.report.exitCode == 1)
            try mapping.clearFaults()
            #expect(try live.repair([user]).exitCode == 0)
            try live.expectClean("the success closed the entry")
        }

        @Test("of a production that a ledger lists and the God topic never held")
        func ledgerWithoutGodObject() throws {
            let live = try LivePipeline.current()
            let user = UserID(1501)
            try live.change("INSERT INTO users (user_id, email) VALUES (1501, 'a@example.com')")
            try live.expectClean()
            let aggregate = try #require(try live.newest(live.topics.aggregate)[user])
            let god = try #require(try live.newest(live.topics.god)[user])
            // What lies at that offset is somebody else's record, or a tombstone: make room for one.
            try live.produce(
                OutgoingRecord(topic: live.topics.god, partition: god.address.partition, key: user.keyBytes, value: nil))
            let other = "\(live.stack.directory)/other-ledger.sqlite"
            let ledger = try LedgerWriter(path: other, godTopic: live.topics.god)
            try ledger.append([
                Production(
                    user: user, god: RecordAddress(partition: god.address.partition, offset: god.address.offset + 1),
                    godDigest: Digest(of: [1]), aggregate: aggregate.address,
                    aggregateDigest: aggregate.value.map { Digest(of: $0) }, version: nil, mappingDigest: nil, producedAtMs: 1)
            ])
            ledger.close()
            let roll = try live.verify(ledgers: [live.ledgerPath, other])
            #expect(roll.findings == ["1501 god missing produced_then_absent"])
            #expect(try live.repair([user]).exitCode == 0)
            try live.expectClean()
        }

        @Test("of live records beside a user's own, until they are tombstoned")
        func strays() throws {
            let live = try LivePipeline.current()
            try live.change(
                "INSERT INTO users (user_id, email) SELECT seq, CONCAT(seq, '@example.com') FROM seq_1601_to_1604")
            try live.expectClean()
            let (walker, wanderer) = (UserID(1601), UserID(1602))
            var strays = [
                OutgoingRecord(
                    topic: live.topics.aggregate, partition: live.foreignPartition(of: walker), key: walker.keyBytes,
                    value: Array("{}".utf8))
            ]
            strays.append(
                OutgoingRecord(
                    topic: live.topics.god, partition: live.foreignPartition(of: wanderer), key: wanderer.keyBytes,
                    value: Array("{}".utf8)))
            for (number, topic) in [(1603, live.topics.aggregate), (1604, live.topics.god)] {
                strays.append(OutgoingRecord(topic: topic, key: Array(#"{"user_id":\#(number)}"#.utf8), value: Array("{}".utf8)))
            }
            for stray in strays { try live.produce(stray) }
            let roll = try live.verify()
            #expect(
                roll.findings == [
                    "1601 aggregate extra wrong_partition", "1601 god stale parked:wrong_partition",
                    "1602 god extra wrong_partition",
                    "1603 aggregate extra two_live_keys", "1604 god extra two_live_keys",
                ])
            #expect(roll.lines.filter { $0.kind == .extra }.allSatisfy { !Repair.canMend($0.cause) })
            #expect(try live.newest(live.topics.god)[walker]?.value != nil, "nothing was made of the stray")
            for stray in strays {
                try live.produce(OutgoingRecord(topic: stray.topic, partition: stray.partition, key: stray.key, value: nil))
            }
            // What the enricher made of the strays on the aggregate topic has to be mended as well.
            try live.repair((1601...1604).map { UserID($0) })
            try live.expectClean()
        }

        @Test("of values that another query wrote, by name of the field")
        func encodingChanged() throws {
            let live = try LivePipeline.current()
            let query = LiveSettings.query.replacing("u.full_name", with: "UPPER(u.full_name) AS full_name")
            let file = try LiveSettings.write(live.stack, reports: live.reports, named: "other-query.yaml", query: query)
            let roll = try live.verify(SettingsLoader(file: file, environment: [:]).load())
            #expect(roll.report.verdict == .differences)
            #expect(Set(roll.lines.map(\.causeCode)) == ["encoding_changed"])
            #expect(Set(roll.lines.map(\.fields)) == [["full_name"]])
            // Every eleventh sample user has no name, which another spelling does not change.
            #expect(roll.lines.count { (UInt64($0.user.text) ?? 0) <= UInt64(LivePipeline.sampleUsers) } == 182)
            try live.expectClean("with the query that the pipeline runs")
        }
    }
}
