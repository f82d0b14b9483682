import Domain
import Foundation
import Kafka
import Ledger
import Testing

@testable import Pipeline

@Suite("At the start, the ledger catches up with the God topic")
final class LedgerCatchUpTests {
    private let broker: MockBroker
    private let directory = FileManager.default.temporaryDirectory.appending(path: "rollcall-catchup-\(UUID().uuidString)")
    private let ledger: LedgerWriter
    private let settings: PipelineSettings

    init() throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        ledger = try LedgerWriter(path: directory.appending(path: "ledger.sqlite").path, godTopic: "god")
        broker = try MockBroker()
        try broker.createTopic("god", partitions: 2)
        var settings = try PipelineSettings.forTests(broker: broker)
        settings.ledgerPath = "ledger.sqlite"
        self.settings = settings
    }

    deinit {
        ledger.close()
        try? FileManager.default.removeItem(at: directory)
    }

    private func produce(_ user: String, value: String = #"{"aggregate":{},"mapping":null}"#) throws {
        let producer = try Producer(properties: ["bootstrap.servers": broker.bootstrap])
        defer { producer.close() }
        let provenance = GodProvenance(
            aggregate: RecordAddress(partition: 0, offset: 7), aggregateDigest: Digest(of: Array("{}".utf8)), version: nil,
            mappingDigest: nil)
        _ = try producer.send(
            OutgoingRecord(
                topic: "god", partition: 0, key: Array(user.utf8), value: Array(value.utf8),
                headers: provenance.headers.map { Header($0.name, text: $0.text) }))
        _ = try producer.flush(timeoutMs: 10_000)
    }

    private func production(atOffset offset: Int64) -> Production {
        Production(
            user: UserID("1"), god: RecordAddress(partition: 1, offset: offset), godDigest: nil,
            aggregate: RecordAddress(partition: 0, offset: 0), aggregateDigest: nil, version: nil, mappingDigest: nil,
            producedAtMs: 0)
    }

    @Test("a God topic that ends before what the ledger knows was created anew, and nothing starts")
    func recreated() throws {
        try ledger.append([production(atOffset: 0)])
        let error = #expect(throws: PipelineError.self) { try LedgerCatchUp(settings: settings, ledger: ledger).run() }
        #expect(error?.code == .topicRecreated)
        #expect(error?.message.contains("ledger.sqlite") == true && error?.message.contains("replay --all") == true)
    }

    @Test("a God topic that cannot be read to its end is an error, not a shorter ledger")
    func unreadable() throws {
        try produce("7")
        try broker.push(Array(repeating: .requestTimedOut, count: 10_000), for: .fetch)
        let error = #expect(throws: PipelineError.self) {
            try LedgerCatchUp(settings: settings, ledger: ledger, idlePollLimit: 2).run()
        }
        #expect(error?.code == .kafkaUnreachable)
        #expect(error?.message.contains("god[0]") == true)
        try broker.clearFaults(for: .fetch)
        #expect(try LedgerCatchUp(settings: settings, ledger: ledger).run() == 1)
    }

    /// Found by the simulator: somebody rewrites a God object and keeps its headers, the process starts anew, and from then on the
    /// ledger vouched for the rewritten one.
    @Test("a God object that does not agree with its own headers is nobody's production")
    func rewritten() throws {
        try produce("7", value: #"{"aggregate":{},"mapping":null} "#)
        try produce("7", value: #"{"aggregate":{"a":1},"mapping":null}"#)
        try produce("7", value: #"{"aggregate":{},"mapping":{"id":1}}"#)
        try produce("7")
        #expect(try LedgerCatchUp(settings: settings, ledger: ledger).run() == 1)
        #expect(try ledger.highestGodOffsets() == [0: 3])
    }

    @Test("a stop ends it, and the next start goes on")
    func stopped() throws {
        try produce("7")
        #expect(try LedgerCatchUp(settings: settings, ledger: ledger, isStopped: { true }).run() == 0)
        #expect(try LedgerCatchUp(settings: settings, ledger: ledger).run() == 1)
    }
}
