import Domain
import Testing

@Suite("The judgement")
struct JudgementTests {
    @Test("says of every combination of evidence what the design's table says")
    func everyCombination() {
        var combinations = 0
        var wrong: [Evidence] = []
        EvidenceSpace.forEach { evidence in
            combinations += 1
            let verdicts = judge(evidence)
            if Set(verdicts) != JudgementOracle.verdicts(on: evidence) { wrong.append(evidence) }
        }
        #expect(combinations == 3 * 3 * 2 * 26 * 8 * 9 * 4)
        #expect(wrong.count == 0, "first of them: \(wrong.first.map { "\($0): \(judge($0))" } ?? "")")
    }

    @Test("names at most one mismatch of its own per stage, each stray once, and a cause wherever the God stage is wrong")
    func shape() {
        var broken: [Evidence] = []
        EvidenceSpace.forEach { evidence in
            let verdicts = judge(evidence)
            let own = verdicts.dropLast(evidence.strays.count)
            let strays = verdicts.suffix(evidence.strays.count)
            let isSound =
                own.filter { $0.stage == .aggregate }.count <= 1 && own.filter { $0.stage == .god }.count <= 1
                && strays.allSatisfy { $0.kind == .extra } && strays.map(\.cause) == evidence.strays.map(\.cause)
                && verdicts.filter { $0.stage == .god }.allSatisfy { $0.cause != nil }
            if !isSound { broken.append(evidence) }
        }
        #expect(broken.count == 0, "first of them: \(broken.first.map { "\($0): \(judge($0))" } ?? "")")
    }

    @Test("finds nothing exactly where row, aggregate, ledger and God topic agree")
    func nothingWrong() {
        var clean: [Evidence] = []
        EvidenceSpace.forEach { if judge($0).isEmpty { clean.append($0) } }
        #expect(clean.allSatisfy { $0.row == $0.aggregate?.digest || $0.isSameInMeaning })
        #expect(clean.allSatisfy { ($0.row == nil) == ($0.aggregate == nil) && $0.strays.isEmpty })
        let alive = clean.filter { $0.row != nil }
        #expect(
            alive.allSatisfy {
                $0.god != nil && $0.production?.god == $0.god?.address && $0.production?.godDigest == $0.god?.digest
                    && $0.production?.aggregateDigest == $0.aggregate?.digest
                    && $0.parked[.aggregator] == nil && $0.parked[.enricher] == nil && !$0.isMappingChanged
            })
        #expect(clean.filter { $0.row == nil }.allSatisfy { $0.god == nil })
        // Two contents, one fitting production each, whatever intake has parked or the signals say, and the same again for each of two
        // rows where the meaning decides; and nobody anywhere, whatever the ledger remembers.
        #expect(alive.count == 2 * 2 * 6 + 2 * 2 * 2)
        #expect(clean.count == alive.count + 26 * 8 * 9)
    }

    @Test("depends on the row for the aggregate stage alone, and on ledger and God topic for the God stage alone")
    func stagesAreIndependent() {
        var mixed = 0
        EvidenceSpace.forEach { evidence in
            var otherRow = evidence
            otherRow.row = evidence.row == nil ? EvidenceSpace.contentA : nil
            var otherGod = evidence
            otherGod.god = nil
            otherGod.production = nil
            if judge(evidence).filter({ $0.stage == .god }) != judge(otherRow).filter({ $0.stage == .god }) { mixed += 1 }
            if judge(evidence).filter({ $0.stage == .aggregate }) != judge(otherGod).filter({ $0.stage == .aggregate }) {
                mixed += 1
            }
        }
        #expect(mixed == 0)
    }

    @Test("holds a user who exists nowhere for sound")
    func nobody() {
        #expect(judge(Evidence()).isEmpty)
    }

    @Test("reads like the design's examples")
    func examples() {
        let aggregate = LiveRecord(address: EvidenceSpace.aggregateAddress, digest: EvidenceSpace.contentA)
        let god = LiveRecord(address: EvidenceSpace.godAddress, digest: EvidenceSpace.godOfA)
        let production = Production(
            user: UserID("7"), god: god.address, godDigest: god.digest, aggregate: aggregate.address,
            aggregateDigest: aggregate.digest, version: nil, mappingDigest: nil, producedAtMs: 1)

        let insertedWithoutBinlog = Evidence(row: EvidenceSpace.contentA, isSignalledSince: false)
        #expect(judge(insertedWithoutBinlog) == [Mismatch(.aggregate, .missing, .noChangeEventSeen)])

        let changedWithoutBinlog = Evidence(
            row: EvidenceSpace.contentB, aggregate: aggregate, production: production, god: god, isSignalledSince: false)
        #expect(judge(changedWithoutBinlog) == [Mismatch(.aggregate, .stale, .noChangeEventSeen)])

        let deletedWithoutBinlog = Evidence(aggregate: aggregate, production: production, god: god, isSignalledSince: false)
        #expect(judge(deletedWithoutBinlog) == [Mismatch(.aggregate, .extra, .noChangeEventSeen)])

        let tombstonedBehindTheLedger = Evidence(row: EvidenceSpace.contentA, aggregate: aggregate, production: production)
        #expect(judge(tombstonedBehindTheLedger) == [Mismatch(.god, .missing, .producedThenAbsent)])

        let mappingServiceFailed = Evidence(
            row: EvidenceSpace.contentA, aggregate: aggregate, parked: [.enricher: .mappingFailed])
        #expect(judge(mappingServiceFailed) == [Mismatch(.god, .missing, .parked(.mappingFailed))])

        let enrichedAnewInVain = Evidence(
            row: EvidenceSpace.contentA, aggregate: aggregate, production: production, god: god,
            parked: [.enricher: .mappingFailed])
        #expect(judge(enrichedAnewInVain) == [Mismatch(.god, .stale, .parked(.mappingFailed))])
    }
}
