import Domain
import Testing

@testable import Reconcile

@Suite("How much is read at a time")
struct ScanPaceTests {
    @Test("ranges shrink while they take too long, and grow back to their full size")
    func adapts() {
        var pace = ScanPace(mostRows: 50_000, targetMs: 1_000)
        #expect(pace.rows == 50_000)
        #expect(pace.note(rows: 50_000, tookMs: 5_000) == 0)
        #expect(pace.rows == 10_000)
        _ = pace.note(rows: 10_000, tookMs: 800)
        #expect(pace.rows == 10_000)
        for _ in 1...5 { _ = pace.note(rows: pace.rows, tookMs: 100) }
        #expect(pace.rows == 50_000)
    }

    @Test("a range never shrinks to nothing")
    func floor() {
        var pace = ScanPace(mostRows: 50_000, targetMs: 1)
        for _ in 1...20 { _ = pace.note(rows: pace.rows, tookMs: 60_000) }
        #expect(pace.rows == 100)
    }

    @Test("a limit of rows per second is kept by pausing between ranges")
    func limit() {
        var pace = ScanPace(mostRows: 50_000, targetMs: 1_000, rowsPerSecond: 2_000)
        #expect(pace.rows == 2_000)
        #expect(pace.note(rows: 2_000, tookMs: 300) == 700)
        #expect(pace.rows == 2_000)
    }

    @Test("records that lie close together are fetched in one go, others are skipped over")
    func fetchPlan() {
        let addresses = [(0, 5), (0, 9), (0, 500_000), (1, 7)].map { RecordAddress(partition: $0.0, offset: $0.1) }
        var plan = FetchPlan(Set(addresses))
        let first = plan.next()
        #expect(first?.start == [0: 5, 1: 7])
        #expect(first?.end == [0: 10, 1: 8])
        let second = plan.next()
        #expect(second?.start == [0: 500_000])
        #expect(second?.end == [0: 500_001])
        #expect(plan.next() == nil)
    }
}
