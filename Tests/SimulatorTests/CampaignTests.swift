import Testing

@testable import Simulator

@Suite("Over many schedules", .serialized)
struct CampaignTests {
    @Test("the product keeps its promises")
    func soundProduct() {
        let tally = Campaign(seeds: 1..<2_001).run()
        #expect(tally.schedules == 2_000)
        for outcome in tally.failures {
            let told = outcome.violations.map(\.description).joined(separator: "; ")
            Issue.record("scripts/simulate --seed \(outcome.seed) --trace shows it: \(told)")
        }
        // Schedules in which nothing ever goes wrong, or everything does, would prove little.
        #expect(tally.verdicts["clean", default: 0] > tally.runs / 3)
        #expect(tally.verdicts["differences", default: 0] > tally.runs / 20)
        #expect(tally.transactions > 10_000)
    }

    @Test("each rule of the product is missed when it is broken", arguments: Variant.allCases.filter { $0 != .sound })
    func brokenVariant(variant: Variant) {
        let outcome = Hunt(variant, searches: 1, limit: 4_000).run()
        #expect(outcome.found == 1, "\(variant.rawValue) was not found in 4,000 schedules")
    }
}
