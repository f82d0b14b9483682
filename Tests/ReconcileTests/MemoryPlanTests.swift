import Domain
import Testing

@testable import Reconcile

@Suite("The division of a memory budget")
struct MemoryPlanTests {
    static let budgets = [8_000_000, 64_000_000, 1_000_000_000]

    @Test("leaves room beside what is held while everyone is read", arguments: budgets, [1, 2])
    func reading(budget: Int, topics: Int) {
        let plan = MemoryPlan(budgetBytes: budget)
        let inputs = 2 * topics
        let shape = plan.shape(inputs: inputs, directory: "/")
        let fetched = topics * MemoryPlan.fetchBytes(budgetBytes: budget, topics: topics)
        let blocks = inputs * shape.parts * shape.blockBytes
        let caches = 2 * (plan.databaseCacheBytes ?? 0)
        #expect(fetched + blocks + caches <= budget * 3 / 4)
    }

    @Test("and while suspects are settled: nothing is left of the reading but what is fetched", arguments: budgets)
    func settling(budget: Int) throws {
        let plan = MemoryPlan(budgetBytes: budget)
        let fetched = MemoryPlan.fetchBytes(budgetBytes: budget, topics: 1)
        let rows = plan.rowSizes(largestRowBytes: 10_000, atMost: 1_000).usersPerQuery * 10_000
        let held = fetched + plan.batchBytes + rows + plan.pageBytes + 2 * (plan.databaseCacheBytes ?? 0)
        #expect(held <= budget * 15 / 16)
    }

    @Test("a batch has no more users than fit, of whatever size their rows are", arguments: budgets, [0, 200, 10_000])
    func batches(budget: Int, rowBytes: Int) {
        let plan = MemoryPlan(budgetBytes: budget)
        let users = plan.usersPerBatch(averageRowBytes: rowBytes, atMost: 10_000)
        #expect(users * MemoryPlan.settledUserBytes(rowBytes: rowBytes) <= plan.batchBytes)
        #expect(users > 1)
    }

    @Test("without a budget there are no limits but those of the settings")
    func unlimited() {
        let plan = MemoryPlan(budgetBytes: nil)
        #expect(plan.usersPerBatch(averageRowBytes: 1_000_000, atMost: 10_000) == 10_000)
        #expect(plan.rowSizes(largestRowBytes: nil, atMost: 500).usersPerQuery == 500)
        #expect(plan.databaseCacheBytes == nil)
        #expect(plan.usersFollowed == .max)
    }
}

@Suite("How many rows are asked for at once")
struct RowSizesTests {
    @Test("begins with what the longest row allows, where that is known")
    func known() {
        let sizes = RowSizes(limitBytes: 500_000, atMost: 1_000, largestBytes: 200_000)
        #expect(sizes.usersPerQuery == 2)
        #expect(RowSizes(limitBytes: 500_000, atMost: 1_000, largestBytes: 2_000_000).usersPerQuery == 1)
        #expect(RowSizes(limitBytes: 500_000, atMost: 1_000, largestBytes: 100).usersPerQuery == 1_000)
        // A row may have grown since.
        sizes.note(asked: 2, largest: 250_000)
        #expect(sizes.usersPerQuery == 2)
        sizes.note(asked: 2, largest: 300_000)
        #expect(sizes.usersPerQuery == 1)
    }

    @Test("is not held down for ever by one long row")
    func oneLongRow() {
        let sizes = RowSizes(limitBytes: 4_000_000, atMost: 1_000, largestBytes: 5_000_000)
        var questions = 0
        var left = 10_000
        while left > 0 {
            let asked = min(left, sizes.usersPerQuery)
            // One of all has the long row.
            sizes.note(asked: asked, largest: (5_000..<5_000 + asked).contains(left) ? 5_000_000 : 300)
            left -= asked
            questions += 1
        }
        #expect(questions < 10_000 / 8 + 10)
        #expect(sizes.usersPerQuery == 8)
    }

    @Test("asks for fewer at once after a long row that came in a small question")
    func longRowInASmallQuestion() {
        let sizes = RowSizes(limitBytes: 512 << 10, atMost: 500, largestBytes: 300)
        #expect(sizes.usersPerQuery == 500)
        sizes.note(asked: 3, largest: 256 << 10)
        #expect(sizes.usersPerQuery == 2)
    }

    @Test("begins small where nothing is known, and grows as long as the rows are small")
    func unknown() {
        let sizes = RowSizes(limitBytes: 512 << 10, atMost: 500, largestBytes: nil)
        var asked: [Int] = []
        for _ in 0..<10 {
            asked.append(sizes.usersPerQuery)
            sizes.note(asked: sizes.usersPerQuery, largest: 300)
        }
        #expect(asked == [2, 4, 8, 16, 32, 64, 128, 256, 500, 500])
        sizes.note(asked: 500, largest: 100 << 10)
        #expect(sizes.usersPerQuery == 5)
    }

    @Test("does not grow by questions that were smaller than allowed")
    func smallQuestions() {
        let sizes = RowSizes(limitBytes: 512 << 10, atMost: 500, largestBytes: nil)
        for _ in 0..<5 { sizes.note(asked: 1, largest: 300) }
        #expect(sizes.usersPerQuery == 2)
    }
}
