import Domain
import Testing

@testable import Pipeline

@Suite("A pipeline that stands still is noticed")
struct StallWatchTests {
    private func watch(silenceAfterMs: Int64 = 1_000) -> StallWatch {
        StallWatch(stallAfterMs: 100, silenceAfterMs: silenceAfterMs, nowMs: 0)
    }

    @Test("lag without progress is a stall; progress, or nothing to do, is none")
    func lag() {
        var watch = watch(silenceAfterMs: 0)
        func look(_ nowMs: Int64, records: Int64, committed: Int64) -> Int {
            watch.look(nowMs: nowMs, lag: [.enricher: (records, committed)], lastEventMs: nil, watchesEvents: true).count
        }
        #expect(look(0, records: 5, committed: 10) == 0)
        #expect(look(99, records: 6, committed: 10) == 0)
        #expect(look(100, records: 7, committed: 10) == 1)
        #expect(look(200, records: 7, committed: 11) == 0)
        #expect(look(1_000, records: 0, committed: 11) == 0)
        #expect(look(2_000, records: 0, committed: 11) == 0)
        #expect(look(2_050, records: 1, committed: 11) == 0)
        #expect(look(2_100, records: 1, committed: 11) == 1)
    }

    @Test("a cluster that does not answer for so long is a stall")
    func away() {
        var watch = watch()
        func look(_ nowMs: Int64, _ lag: [Hop: (records: Int64, committed: Int64)]?) -> Int {
            watch.look(nowMs: nowMs, lag: lag, lastEventMs: nil, watchesEvents: false).count
        }
        #expect(look(99, nil) == 0)
        #expect(look(100, nil) == 1)
        #expect(look(150, [.enricher: (1, 1)]) == 0)
        #expect(look(249, nil) == 0)
        #expect(look(250, nil) == 1)
    }

    @Test("no change event for so long is one, where an intake runs and somebody wants to know")
    func silence() {
        var patient = watch()
        func look(_ nowMs: Int64, lastEventMs: Int64? = nil, watchesEvents: Bool = true) -> Int {
            patient.look(
                nowMs: nowMs, lag: [.intake: (0, 1)], lastEventMs: lastEventMs, watchesEvents: watchesEvents
            ).count
        }
        #expect(look(999) == 0)
        #expect(look(1_000) == 1)
        #expect(look(1_000, watchesEvents: false) == 0)
        #expect(look(1_500, lastEventMs: 600) == 0)
        #expect(look(1_600, lastEventMs: 600) == 1)
    }

    @Test("a histogram counts each time once, in the bucket that ends at it or beyond")
    func histogram() {
        var histogram = LatencyHistogram()
        for ms in [-5, 0, 1, 2, 3, 4_000_000] as [Int64] { histogram.add(ms) }
        #expect(Array(histogram.counts.prefix(3)) == [3, 1, 1])
        #expect(histogram.counts.last == 1)
        #expect(histogram.count == 6)
        #expect(histogram.sumMs == 4_000_006)
        var sum = LatencyHistogram()
        sum.merge(histogram)
        sum.merge(histogram)
        #expect(sum.count == 12)
    }
}
