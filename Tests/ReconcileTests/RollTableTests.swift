import Domain
import Testing

@testable import Reconcile

@Suite("The table in which a part is compared")
struct RollTableTests {
    private let key = UserKey(exactly: 42)
    private let values: [Digest?] = [nil, Digest(rawValue: 1), Digest(rawValue: 2)]

    @Test("takes for well exactly those in whose evidence the judgement finds nothing", arguments: [false, true])
    func agreesWithJudgement(judgesGod: Bool) throws {
        // Nil stands for nothing at all, and `.some(nil)` for a tombstone.
        let records: [Digest??] = [nil, .some(nil)] + values.dropFirst().map { .some($0) }
        var seen: Set<Bool> = []
        for row in values {
            for aggregate in records {
                for god in judgesGod ? records : [nil] {
                    for production in judgesGod ? productions : [nil] {
                        let (isWell, mismatches) = try look(row, aggregate, god, production, judgesGod)
                        #expect(isWell == mismatches.isEmpty, "\(String(describing: (row, aggregate, god, production)))")
                        seen.insert(isWell)
                    }
                }
            }
        }
        #expect(seen == [true, false])
    }

    @Test("finds every user again after it has grown, and refuses to grow past its limit")
    func grows() throws {
        var table = try RollTable(expected: 0, isWide: false, judgesGod: false, limitBytes: 1 << 20)
        for number in 0..<5_000 as Range<UInt64> {
            let key = UserKey(exactly: number << 32)
            table.putRow(SpillEntry(key: key, digest: Digest(rawValue: number)), 0, at: try table.place(of: key))
        }
        #expect(table.count == 5_000)
        for number in 0..<5_000 as Range<UInt64> {
            let place = try table.place(of: UserKey(exactly: number << 32))
            #expect(table.rowDigest(at: place) == Digest(rawValue: number))
        }
        #expect(throws: RollTable.Full.self) {
            for number in 0..<1_000_000 as Range<UInt64> { _ = try table.place(of: UserKey(exactly: number)) }
        }
        #expect(table.capacity * 5 * 8 <= 1 << 20)
    }

    // MARK: - One user, in every way

    /// None, and each combination of offset, digest of the God object and digest of the aggregate.
    private var productions: [Production?] {
        [nil]
            + [4, 5].flatMap { offset in
                values.flatMap { made in
                    values.map { from in
                        Production(
                            user: UserID("42"), god: RecordAddress(partition: 0, offset: offset), godDigest: made,
                            aggregate: RecordAddress(partition: 0, offset: 9), aggregateDigest: from, version: nil,
                            mappingDigest: nil, producedAtMs: 0)
                    }
                }
            }
    }

    private func look(
        _ row: Digest?, _ aggregate: Digest??, _ god: Digest??, _ production: Production?, _ judgesGod: Bool
    ) throws -> (isWell: Bool, mismatches: [Mismatch]) {
        var table = try RollTable(expected: 1, isWide: false, judgesGod: judgesGod, limitBytes: .max)
        var known = KnownUser(user: UserID("42"), row: row)
        let place = try table.place(of: key)
        if row != nil { table.putRow(SpillEntry(key: key, digest: row), 0, at: place) }
        if let aggregate {
            let address = RecordAddress(partition: 0, offset: 9)
            known.aggregate.home = NewestRecord(address: address, digest: aggregate)
            table.putAggregate(SpillEntry(key: key, digest: aggregate, address: address), 0, at: place)
        }
        if let god {
            let address = RecordAddress(partition: 0, offset: 5)
            known.god.home = NewestRecord(address: address, digest: god)
            table.putGod(SpillEntry(key: key, digest: god, address: address), 0, at: place)
        }
        if let production {
            known.productions = [production]
            let entry = SpillEntry(key: key, digest: production.godDigest, address: production.god)
            table.putProduction(entry, from: production.aggregateDigest, 0, at: place)
        }
        let stages: Set<Stage> = judgesGod ? [.aggregate, .god] : [.aggregate]
        let mismatches = judge(known.evidence()).filter { stages.contains($0.stage) }
        return (table.isPlainlyWell(at: place, judgesGod: judgesGod), mismatches)
    }
}
