import Domain
import Foundation
import SQLite
import Testing

@testable import Ledger

@Suite("Reading a ledger")
struct LedgerReadingTests {
    let scratch: Scratch
    let path: String
    let writer: LedgerWriter

    init() throws {
        scratch = try Scratch()
        path = scratch.path("ledger.sqlite")
        writer = try LedgerWriter(path: path, godTopic: "god")
    }

    @Test("A fold goes on where the last one ended, and stops where it is told")
    func fold() throws {
        try writer.append((0..<10).map { production("user", offset: $0) })
        let reader = try LedgerReader(path: path)
        var offsets: [Int64] = []
        let first = try reader.fold(upTo: 4) { offsets.append($0.god.offset) }
        #expect(first == 4)
        let second = try reader.fold(after: first) { offsets.append($0.god.offset) }
        #expect(second == 10)
        #expect(offsets == (0..<10).map { Int64($0) })
        #expect(try reader.fold(after: second) { _ in Issue.record("nothing is left") } == 10)
    }

    @Test("What is written during a fold does not appear in it, and a snapshot holds still")
    func foldWhileWriting() throws {
        try writer.append((0..<3).map { production("user", offset: $0) })
        let reader = try LedgerReader(path: path)
        var seen = 0
        try reader.snapshot {
            try reader.fold { production in
                seen += 1
                try writer.append([laterProduction(after: production.god.offset)])
            }
            #expect(seen == 3)
            #expect(try reader.lastID() == 3)
        }
        #expect(try reader.lastID() == 6)
    }

    private func laterProduction(after offset: Int64) -> Production { production("user", offset: offset + 100) }

    @Test("A body that throws ends the fold with its error, and the reader can be used again")
    func throwingBody() throws {
        struct Stop: Error {}
        try writer.append([production("user", offset: 1)])
        let reader = try LedgerReader(path: path)
        #expect(throws: Stop.self) { try reader.fold { _ in throw Stop() } }
        #expect(try reader.all().count == 1)
    }

    @Test("The newest production has the highest offset, whatever the order of recording; partitions are kept apart")
    func newest() throws {
        try writer.append([
            production("a", offset: 5, god: 50), production("a", offset: 3, god: 30), production("b", offset: 4),
            production("a", partition: 2, offset: 1, god: 21), production("b", offset: 6, god: nil),
        ])
        let reader = try LedgerReader(path: path)
        #expect(try reader.newest(for: UserID("a")).map(\.godDigest?.rawValue) == [50, 21])
        #expect(try reader.newest(for: UserID("b")).map(\.isLive) == [false])
        #expect(try reader.newest(for: UserID("c")) == [])
        #expect(try reader.productions(for: UserID("a")).map(\.god.offset) == [5, 3, 1])
    }

    @Test("Two ledgers fold into one: the same record counts once, and a contradiction is noticed")
    func severalLedgers() throws {
        let other = try LedgerWriter(path: scratch.path("other.sqlite"), godTopic: "god")
        try writer.append([production("a", offset: 5), production("b", offset: 6, god: 1)])
        try other.append([
            production("a", offset: 5, atMs: 9_999), production("b", offset: 6, god: 2), production("a", offset: 9),
        ])
        var newest = NewestProductions()
        for path in [path, scratch.path("other.sqlite")] {
            try LedgerReader(path: path).fold { newest.add(copy $0) }
        }
        #expect(newest.userCount == 2)
        #expect(newest[UserID("a")].map(\.god.offset) == [9])
        #expect(newest[UserID("b")].map(\.godDigest?.rawValue) == [1])
        #expect(newest.contradictions == [RecordAddress(partition: 0, offset: 6)])
    }

    @Test("The figures count productions, users, live ones and tombstones")
    func statistics() throws {
        let reader = try LedgerReader(path: path)
        #expect(try reader.statistics().productions == 0)
        #expect(try reader.statistics().firstProducedAtMs == nil)
        try writer.append([
            production("a", offset: 1, god: nil, atMs: 500), production("a", offset: 2, atMs: 700),
            production("b", partition: 1, offset: 7, atMs: 300), production("b", partition: 1, offset: 9, god: nil, atMs: 900),
            production("c", offset: 3, god: nil), production("c", partition: 1, offset: 4),
        ])
        let figures = try reader.statistics()
        #expect(figures.productions == 6)
        #expect(figures.users == 3)
        #expect(figures.live == 2)
        #expect(figures.tombstones == 1)
        #expect(figures.firstProducedAtMs == 300)
        #expect(figures.lastProducedAtMs == 1_000)
        #expect(figures.highestGodOffsets == [0: 3, 1: 9])
        #expect(figures.lastID == 6)
        #expect(figures.fileSizeBytes > 0)
    }

    @Test("The check tells contradictions, bad rows, strange tables, wrong notes and disorder apart")
    func check() throws {
        try writer.append([production("a", offset: 5), production("b", offset: 4), production("a", offset: 5)])
        let reader = try LedgerReader(path: path)
        #expect(try reader.check().map(\.code) == [.outOfOrder])
        #expect(try reader.check().allSatisfy { !$0.isSerious })

        try writer.append([production("a", offset: 5, god: nil), production("", offset: 7)])
        writer.close()
        do {
            let database = try Database(path: path, mode: .readWrite)
            try database.execute(
                """
                INSERT INTO productions SELECT 100, user, god_partition, 8, 1, 0, 0, 1, 'nonsense', 1, 1 FROM productions LIMIT 1;
                UPDATE god_partitions SET highest_offset = 99;
                """)
        }
        let codes = try reader.check().map(\.code)
        #expect(codes == [.badRow, .badRow, .contradiction, .wrongHighestOffset, .outOfOrder])
        do {
            try Database(path: path, mode: .readWrite).execute(
                "CREATE TABLE stranger (a); DROP TRIGGER productions_are_append_only")
        }
        #expect(try reader.check().map(\.code) == [.schema, .schema])
        #expect(ledgerError { _ = try reader.all() }?.code == .damaged)
    }

    @Test("A prune keeps each user's newest production in each partition, gives space back, and never reuses an id")
    func prune() throws {
        for round in 0..<20 as Range<Int64> {
            try writer.append((0..<500).map { production("user \($0)", offset: round * 500 + $0) })
        }
        // Recorded last, and superseded already: the newest id must stay all the same.
        try writer.append([production("user 1", partition: 3, offset: 9), production("user 1", offset: 2)])
        let reader = try LedgerReader(path: path)
        let before = try reader.newest(for: UserID("user 1"))
        let outcome = try writer.prune()
        #expect(outcome.kept == 502)
        #expect(outcome.deleted == 20 * 500 + 2 - 502)
        #expect(outcome.compactionError == nil)
        #expect(outcome.sizeAfterBytes < outcome.sizeBeforeBytes / 5)
        #expect(try reader.newest(for: UserID("user 1")) == before)
        #expect(try reader.statistics().users == 500)
        #expect(try writer.prune().deleted == 0)
        let last = try reader.lastID()
        try writer.append([production("user 1", offset: 99_999)])
        #expect(try reader.lastID() == last + 1)
        #expect(try reader.check().allSatisfy { !$0.isSerious })
    }
}
