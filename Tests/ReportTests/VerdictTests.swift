import Domain
import Testing

@testable import Report

@Suite("The verdict")
struct VerdictTests {
    private static let canaries = [Canary(planted: 0, caught: 0), Canary(planted: 3, caught: 3), Canary(planted: 3, caught: 2)]

    /// Every combination of grounds, with two numbers for what is counted.
    private static let everything: [Verdict.Grounds] = [false, true].flatMap { failed in
        [0, 7].flatMap { differences in
            [0, 2].flatMap { unresolved in
                [false, true].flatMap { covered in
                    [false, true].flatMap { fencePassed in
                        canaries.map { canary in
                            Verdict.Grounds(
                                failed: failed, differences: differences, unresolved: unresolved, covered: covered,
                                fencePassed: fencePassed, canary: canary)
                        }
                    }
                }
            }
        }
    }

    @Test("Error precedes differences, which precede incomplete, which precedes clean, in all 96 combinations")
    func precedence() {
        var seen: [Verdict: Int] = [:]
        for grounds in Self.everything {
            let verdict = Verdict.decide(grounds)
            seen[verdict, default: 0] += 1
            switch verdict {
            case .error: #expect(grounds.failed || grounds.canary.caught < grounds.canary.planted)
            case .differences:
                #expect(grounds.differences > 0 && !grounds.failed && grounds.canary.caught == grounds.canary.planted)
            case .incomplete:
                #expect(grounds.differences == 0 && (!grounds.covered || !grounds.fencePassed || grounds.unresolved > 0))
            case .clean:
                #expect(
                    !grounds.failed && grounds.differences == 0 && grounds.unresolved == 0 && grounds.covered
                        && grounds.fencePassed && grounds.canary.caught == grounds.canary.planted)
            }
        }
        // failed: 48; canary missed without failure: 16; of the 32 left half have differences, and 2 of the rest lack nothing.
        #expect(seen == [.error: 64, .differences: 16, .incomplete: 14, .clean: 2])
    }

    @Test("Complete means that nothing was left unchecked, whatever was found")
    func completeness() {
        for grounds in Self.everything {
            let nothingLeft = grounds.covered && grounds.fencePassed && grounds.unresolved == 0
            #expect(grounds.complete == (nothingLeft && !grounds.failed && grounds.canary.caught == grounds.canary.planted))
        }
        #expect(Self.everything.contains { $0.complete && Verdict.decide($0) == .differences })
        #expect(Self.everything.contains { !$0.complete && Verdict.decide($0) == .differences })
    }

    @Test("A canary that is caught more often than it was planted is not trusted either")
    func surplusCanary() {
        let grounds = Verdict.Grounds(
            failed: false, differences: 0, unresolved: 0, covered: true, fencePassed: true,
            canary: Canary(planted: 1, caught: 2))
        #expect(Verdict.decide(grounds) == .error)
    }

    @Test("Exit codes are those of the command line's contract")
    func exitCodes() {
        #expect(Verdict.allCases.map(\.exitCode) == [0, 1, 3, 2])
    }

    @Test("A report that nobody concluded says error, never clean")
    func unconcluded() throws {
        let report = try Sample.healthy()
        #expect(report.verdict == .error)
        #expect(!report.complete)
        #expect(report.reason != nil)
        #expect(report.verifiedThrough == nil)
    }

    @Test("A run for which no plan or no fence was recorded is not clean")
    func nothingRecorded() throws {
        var unplanned = try Sample.healthy()
        unplanned.coverage = Coverage()
        unplanned.conclude()
        #expect(unplanned.verdict == .incomplete)
        #expect(unplanned.reason == "only 0 % of the plan was scanned")

        var unfenced = try Sample.healthy()
        unfenced.fence = FenceSummary()
        unfenced.conclude()
        #expect(unfenced.verdict == .incomplete)
        #expect(unfenced.reason == "no fence was set")
    }

    @Test("Only a clean run of everyone vouches for a position")
    func verifiedThrough() throws {
        var full = try Sample.healthy()
        full.conclude()
        #expect(full.verifiedThrough == Sample.position)

        var slice = try Sample.healthy()
        slice.coverage.plan = .slice
        slice.conclude()
        #expect(slice.verdict == .clean)
        #expect(slice.verifiedThrough == nil)

        #expect(try Sample.differing().verifiedThrough == nil)
    }

    @Test("A canary that was missed is the reason, even when differences were found")
    func missedCanary() throws {
        var report = try Sample.differing()
        report.canary.caught = 4
        report.conclude()
        #expect(report.verdict == .error)
        #expect(report.reason?.hasPrefix("the run planted 5 differences to test itself and saw 4") == true)
    }

    @Test("Percentages are rounded down, so that 100 means all")
    func percentages() {
        #expect(Coverage(planned: 100_000, scanned: 99_999).percent == 99)
        #expect(Coverage(planned: 3, scanned: 3).percent == 100)
        #expect(Coverage(planned: 3, scanned: 3, gaps: ["partition 2"]).percent == 99)
        #expect(Coverage(planned: 3, scanned: 0).percent == 0)
    }
}
