import Domain
import Foundation
import Kafka
import Ledger
import Sandbox
import Source
import TestSupport
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("The pipeline as a whole")
    struct EndToEndTests {
        @Test("rows become God objects and productions, deletions tombstones, nonsense parked records; no lag is left")
        func wholeWay() throws {
            let stack = try PipelineStack("whole")
            stack.settings.intake.workers = 2
            stack.settings.aggregator.workers = 2
            stack.settings.enricher.workers = 2
            try stack.stack.execute(
                #"INSERT INTO users (user_id, email, full_name) VALUES (101, 'a"b\\c\n\0d', NULL), (102, '😀é@example.com', ''), (18446744073709551615, 'max@example.com', 'x')"#,
                "INSERT INTO preferences (user_id, dark_mode) VALUES (101, 1)")
            try stack.publish([
                stack.event("101", operation: "c"), stack.event("101", topic: stack.preferences, operation: "c"),
                stack.event("102", operation: "c"), stack.event("-1", operation: "c"), stack.event("103", operation: "d"),
                OutgoingRecord(topic: stack.users, key: Array(#"{"user_id":103}"#.utf8), value: nil),
                OutgoingRecord(topic: stack.users, key: nil, value: Array("junk".utf8)),
                OutgoingRecord(topic: stack.users, key: nil, value: [0, 0, 0, 0, 9, 1, 2]),
                OutgoingRecord(topic: stack.users, key: nil, value: [UInt8](repeating: 0x78, count: 900_000)),
            ])
            let runner = stack.runner()
            try runner.start()
            let expected = ["101", "102", "18446744073709551615", "103"]
            // A batch that is read again after a rebalance is counted again.
            try eventually("four productions, three parked") {
                try expected.allSatisfy { try stack.newest($0) != nil } && runner.counters[.intake].snapshot().parked >= 3
            }
            let settings = stack.settings
            try eventually("no lag") {
                try stack.lag(settings.groups.intake, [stack.users, stack.preferences]) == 0
                    && stack.lag(settings.groups.aggregator, [settings.topics.signals]) == 0
                    && stack.lag(settings.groups.enricher, [settings.topics.aggregate]) == 0
            }
            runner.requestStop()
            try runner.wait()

            let reader = try SourceReader(settings.source)
            defer { reader.close() }
            let rows = try reader.rows(of: expected.map { UserID($0) }).rows
            let encodingID = try reader.encodingID()
            let aggregates = try stack.live(settings.topics.aggregate)
            let gods = try stack.live(settings.topics.god)
            #expect(Set(aggregates.keys) == Set(expected))
            #expect(Set(gods.keys) == Set(expected))
            let partitions = try stack.partitionCount(settings.topics.aggregate)
            for user in expected {
                #expect(aggregates[user]?.value == rows[UserID(user)])
                let production = try #require(try stack.newest(user))
                let god = try #require(gods[user])
                #expect(production.god == RecordAddress(partition: god.partition, offset: god.offset))
                #expect(production.godDigest == god.value.map { Digest(of: $0) })
                #expect(production.aggregateDigest == rows[UserID(user)].map { Digest(of: $0) })
                #expect(production.isLive == (user != "103"))
                #expect(production.version != nil)
                let provenance = AggregateProvenance { aggregates[user]?.header($0) }
                #expect(provenance.encoding == encodingID)
                #expect(
                    aggregates[user]?.partition == Partitioner.murmur2(key: UserID(user).keyBytes, partitionCount: partitions))
            }
            let parked = try ParkedStore(path: settings.parkedPath)
            #expect(try parked.openCounts() == [.notJSON: 2, .confluentEncoded: 1])
        }

        @Test("a batch that is larger than the producers' queues waits for room, and nothing of it is lost or parked")
        func queueFull() throws {
            let stack = try PipelineStack("queue")
            stack.settings.kafka["queue.buffering.max.messages"] = "10"
            let shop = try Shop(stack, users: 500..<600, seed: 5)
            try shop.change(400)
            let warnings = Warnings()
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            try stack.waitUntilDrained()
            runner.requestStop()
            try runner.wait()
            try stack.expectEveryoneArrived(shop.users)
            #expect(runner.counters.snapshot().values.allSatisfy { $0.parked == 0 && $0.retries == 0 })
            #expect(warnings.texts == [])
        }

        @Test("productions that a crash left unrecorded are recorded at the next start")
        func catchUp() throws {
            let stack = try PipelineStack("catchup")
            let provenance = GodProvenance(
                aggregate: RecordAddress(partition: 0, offset: 7), aggregateDigest: Digest(of: Array("{}".utf8)),
                version: nil, mappingDigest: nil)
            try stack.publish([
                OutgoingRecord(
                    topic: stack.settings.topics.god, key: Array("301".utf8),
                    value: GodObject.compose(aggregate: Array("{}".utf8), mapping: nil),
                    headers: provenance.headers.map { Header($0.name, text: $0.text) }),
                OutgoingRecord(topic: stack.settings.topics.god, key: Array("302".utf8), value: Array("{}".utf8)),
            ])
            let ledger = try LedgerWriter(path: stack.settings.ledgerPath, godTopic: stack.settings.topics.god)
            let catchUp = LedgerCatchUp(settings: stack.settings, ledger: ledger)
            #expect(try catchUp.run() == 1, "the other one is not of ours")
            #expect(try stack.newest("301")?.aggregate.offset == 7)
        }

        @Test("a user that is parked, and succeeds when a retry signals it, is parked no longer; the entry keeps its bytes")
        func parkedAndRetried() throws {
            let stack = try PipelineStack("retried", ownMapping: true)
            stack.settings.notFound = .park
            try stack.stack.execute("INSERT INTO users (user_id, email) VALUES (401, 'a@example.com'), (402, 'b@example.com')")
            let mapping = stack.mappingServer
            try mapping.setUnknownUsers(["401"])
            try stack.publish([stack.event("401"), stack.event("402")])
            let runner = stack.runner()
            try runner.start()
            try eventually("one succeeds, one is parked") {
                try stack.newest("402") != nil && runner.counters[.enricher].snapshot().parked >= 1
            }
            let reader = try ParkedReader(path: stack.settings.parkedPath)
            let entry = try #require(try reader.entries().first)
            #expect(entry.user == UserID("401"))
            #expect(entry.reason == .mappingNotFound)
            #expect(entry.attempts == 1)

            try mapping.setUnknownUsers([])
            let retry = Signal(user: UserID("401"), position: nil, cause: .retry)
            try stack.publish([OutgoingRecord(topic: stack.settings.topics.signals, key: retry.key, value: retry.value)])
            try eventually("the retry succeeds") { try stack.newest("401") != nil }
            try eventually("the entry is closed") { try reader.entry(id: entry.id)?.state == .closed }
            runner.requestStop()
            try runner.wait()
            let aggregate = try #require(try stack.live(stack.settings.topics.aggregate)["401"])
            #expect(try reader.bytes(of: entry.id)?.value == aggregate.value)
        }
    }
}
