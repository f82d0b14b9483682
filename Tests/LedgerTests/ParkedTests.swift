import Domain
import Foundation
import SQLite
import Testing

@testable import Ledger

@Suite("Parked records")
struct ParkedTests {
    let scratch: Scratch
    let path: String
    let store: ParkedStore

    init() throws {
        scratch = try Scratch()
        path = scratch.path("parked.sqlite")
        store = try ParkedStore(path: path)
    }

    func record(
        _ user: String?, hop: Hop = .enricher, offset: Int64, timestampMs: Int64 = 50, reason: ParkReason = .mappingFailed,
        key: [UInt8]? = Array("key".utf8), value: [UInt8]? = [1, 2]
    ) -> ParkedRecord {
        ParkedRecord(
            hop: hop, topic: "aggregates", address: RecordAddress(partition: 3, offset: offset), timestampMs: timestampMs,
            key: key,
            value: value, user: user.map { UserID($0) }, reason: reason, message: "the service answered 500")
    }

    @Test(
        "The bytes come back as they were; null and empty stay apart",
        arguments: [
            ([UInt8]?.none, Int?.none), ([], 0), ([0xFF, 0, 0xFE], 2 << 20),
        ])
    func bytes(key: [UInt8]?, valueBytes: Int?) throws {
        let value = valueBytes.map { [UInt8](repeating: 0xA5, count: $0) }
        var parked = record("a\u{0}🦊", offset: 1, key: key, value: value)
        parked.headers = [ParkedHeader("h", [1]), ParkedHeader("h", nil), ParkedHeader("", []), ParkedHeader("é", [0])]
        try store.park([parked], atMs: 1_000)
        let reader = try ParkedReader(path: path)
        let entry = try #require(try reader.entries().first)
        #expect(entry.user == UserID("a\u{0}🦊"))
        #expect(entry.address == RecordAddress(partition: 3, offset: 1))
        #expect(entry.keySizeBytes == key?.count)
        #expect(entry.valueSizeBytes == value?.count)
        #expect(try reader.bytes(of: entry.id) == ParkedBytes(key: key, value: value, headers: parked.headers))
        #expect(try reader.entry(id: entry.id) == entry)
        #expect(try reader.bytes(of: 99) == nil)
    }

    @Test("The same record again is one attempt more, and not another entry")
    func attempts() throws {
        try store.park([record("1", offset: 1)], atMs: 1_000)
        try store.park([record("1", offset: 1, reason: .badAggregate), record("1", offset: 2)], atMs: 2_000)
        let entries = try ParkedReader(path: path).entries()
        #expect(entries.map(\.attempts) == [2, 1])
        #expect(entries.map(\.firstParkedAtMs) == [1_000, 2_000])
        #expect(entries.map(\.lastParkedAtMs) == [2_000, 2_000])
        #expect(entries.map(\.reason) == [.badAggregate, .mappingFailed])
    }

    @Test("The same offset of a topic that was created again does not overwrite what was parked before")
    func recreatedTopic() throws {
        try store.park([record("1", offset: 1, timestampMs: 50, value: [1])])
        try store.park([record("1", offset: 1, timestampMs: 60, value: [2])])
        let reader = try ParkedReader(path: path)
        let values = try reader.entries().map { try reader.bytes(of: $0.id)?.value }
        #expect(values == [[1], [2]])
    }

    @Test("A later success closes what is open of the user at that hop, and nothing else")
    func close() throws {
        try store.park(
            [
                record("1", offset: 1), record("1", offset: 2), record("2", offset: 3), record("1", hop: .aggregator, offset: 4),
                record(nil, hop: .intake, offset: 5, reason: .notJSON),
            ], atMs: 1_000)
        #expect(try store.close(users: [UserID("1"), UserID("3")], hops: [.enricher], atMs: 2_000) == 2)
        #expect(try store.close(users: [UserID("1")], hops: [.enricher]) == 0)
        let reader = try ParkedReader(path: path)
        #expect(try reader.entries().map(\.address.offset) == [3, 4, 5])
        let closed = try reader.entries(ParkedFilter(states: [.closed]))
        #expect(closed.map(\.endedAtMs) == [2_000, 2_000])
        #expect(try store.close(users: [UserID("1")], hops: [.intake, .aggregator]) == 1)
        #expect(try store.openCounts() == [.mappingFailed: 1, .notJSON: 1])
    }

    @Test("A store that is opened again knows whom a success may concern")
    func reopened() throws {
        try store.park([record("1", offset: 1)])
        store.close()
        #expect(ledgerError { try store.park([record("1", offset: 2)]) }?.code == .closed)
        let again = try ParkedStore(path: path)
        #expect(try again.close(users: [UserID("1")], hops: [.enricher]) == 1)
    }

    @Test("A closed record that is read again opens again, a dropped one stays dropped")
    func parkedAgain() throws {
        try store.park([record("1", offset: 1), record("2", offset: 2)], atMs: 1_000)
        let entries = try ParkedReader(path: path).entries()
        try store.close(users: [UserID("1")], hops: [.enricher], atMs: 2_000)
        #expect(try store.drop(ids: [entries[1].id, 99], atMs: 2_000) == 1)
        try store.park([record("1", offset: 1), record("2", offset: 2)], atMs: 3_000)
        let all = try ParkedReader(path: path).entries(ParkedFilter(states: Set(ParkedState.allCases)))
        #expect(all.map(\.state) == [.open, .dropped])
        #expect(all.map(\.attempts) == [2, 2])
        #expect(all.map(\.endedAtMs) == [nil, 2_000])
        #expect(try store.close(users: [UserID("1")], hops: [.enricher]) == 1)
    }

    @Test("Somebody can drop entries beside the pipeline, and a second pipeline is refused")
    func shared() throws {
        try store.park([record("1", offset: 1), record("1", offset: 2)])
        #expect(ledgerError { _ = try ParkedStore(path: path) }?.code == .locked)
        let desk = try ParkedStore(path: path, access: .shared)
        let first = try #require(try ParkedReader(path: path).entries().first)
        #expect(try desk.drop(ids: [first.id]) == 1)
        #expect(try store.close(users: [UserID("1")], hops: [.enricher]) == 1)
    }

    @Test("A listing can be narrowed down and read page after page")
    func filter() throws {
        try store.park([
            record("1", offset: 1), record("2", offset: 2, reason: .badAggregate), record("2", hop: .aggregator, offset: 3),
            record("2", offset: 4),
        ])
        let reader = try ParkedReader(path: path)
        func offsets(_ filter: ParkedFilter) throws -> [Int64] { try reader.entries(filter).map(\.address.offset) }
        #expect(try offsets(ParkedFilter(user: UserID("2"))) == [2, 3, 4])
        #expect(try offsets(ParkedFilter(hop: .aggregator)) == [3])
        #expect(try offsets(ParkedFilter(reason: .badAggregate)) == [2])
        #expect(try offsets(ParkedFilter(topic: "other")) == [])
        #expect(try offsets(ParkedFilter(states: [])) == [])
        #expect(try offsets(ParkedFilter(limit: 2)) == [1, 2])
        #expect(try offsets(ParkedFilter(afterID: reader.entries(ParkedFilter(limit: 2))[1].id)) == [3, 4])
    }

    @Test("Reconciliation sees who is parked, where and why, while the pipeline has the file")
    func openUsers() throws {
        try store.park([
            record("b", offset: 1), record("a", hop: .aggregator, offset: 2, reason: .duplicateRow), record(nil, offset: 3),
        ])
        var seen: [String] = []
        try ParkedReader(path: path).forEachOpenUser { seen.append("\($0) \($1.hop) \($1.reason.rawValue)") }
        #expect(seen == ["a aggregator duplicate_row", "b enricher mapping_failed"])
    }

    @Test("Reconciliation sees who of a few users is parked, be the others many or none")
    func openUsersAmongOthers() throws {
        try store.park([
            record("b", offset: 1), record("a", hop: .aggregator, offset: 2, reason: .duplicateRow), record(nil, offset: 3),
            record("c", offset: 4), record("a", offset: 5),
        ])
        func seen(_ users: [String]) throws -> [String] {
            var seen: [String] = []
            try ParkedReader(path: path).forEachOpenUser(among: Set(users.map { UserID($0) })) {
                seen.append("\($0) \($1.hop) \($1.address.offset)")
            }
            return seen.sorted()
        }
        #expect(try seen([]) == [])
        #expect(try seen(["a"]) == ["a aggregator 2", "a enricher 5"])
        #expect(try seen(["a", "b", "nobody"]) == ["a aggregator 2", "a enricher 5", "b enricher 1"])
        #expect(try seen(["a", "1", "2", "3", "4", "5"]) == ["a aggregator 2", "a enricher 5"])
        #expect(try seen(["nobody"]) == [])
    }

    @Test("Where nothing was ever parked, the reader says that the file is missing")
    func missing() {
        #expect(ledgerError { _ = try ParkedReader(path: scratch.path("none.sqlite")) }?.code == .missing)
    }

    @Test("Raw records are for the owner of the file only", arguments: ["", "-wal", "-shm"])
    func permissions(suffix: String) throws {
        try store.park([record("1", offset: 1)])
        let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
        #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o077 } == 0)
    }

    @Test("Header bytes that end too early are not headers", arguments: [[1], [1, 0, 0, 0], [1, 0, 0, 0, 65, 5, 0, 0, 0]])
    func brokenHeaders(bytes: [UInt8]) {
        #expect(ParkedHeaderCoding.decode(bytes) == nil)
    }
}
