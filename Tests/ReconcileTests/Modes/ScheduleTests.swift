import Dispatch
import Domain
import Foundation
import Ledger
import Reconcile
import Report
import Testing

@testable import rollcall

@Suite("Runs beside a running pipeline", .timeLimit(.minutes(15)))
struct ScheduleTests {
    private let directory = ReportsDirectory()

    private func schedule(_ world: World, _ ran: DispatchSemaphore) -> ReconcileSchedule {
        var reach = PlanSettings(reach: .changed)
        reach.fullEvery = 1_000_000
        let recipe = ReconcileRecipe(
            settings: World.settings, ports: StoppablePorts(WorldPorts(world: world)),
            historyPath: directory.path + "/history.sqlite", reportsDirectory: directory.path)
        return ReconcileSchedule(
            recipe, reach: reach, every: Age(milliseconds: 20), commands: Commands()
        ) { outcome in
            ran.signal()
            return "verdict \(outcome.report.verdict.rawValue)\n"
        } onFailure: { error in
            Issue.record("no run: \(error)")
        }
    }

    @Test("go on from one another, leave reports, and tell /metrics how the last one came out")
    func again() throws {
        let world = World()
        let ran = DispatchSemaphore(value: 0)
        let schedule = schedule(world, ran)
        #expect(schedule.metricsText == "")
        schedule.start()
        for _ in 1...2 { ran.wait() }
        world.change(UserID("3"), to: "edited", emitsEvent: false)
        schedule.stop()
        schedule.wait()
        #expect(schedule.metricsText.hasPrefix("verdict "))
        let runs = try History(path: directory.path + "/history.sqlite", access: .readOnly).runs()
        #expect(runs.count >= 2)
        #expect(runs.last?.coversEveryUser == true)
        #expect(runs.dropLast().allSatisfy { !$0.coversEveryUser && $0.mode == "reconcile" })
    }

    @Test("wait for their next turn while somebody else calls the roll")
    func locked() throws {
        let ran = DispatchSemaphore(value: 0)
        let schedule = schedule(World(), ran)
        do {
            let other = try History(path: directory.path + "/history.sqlite", access: .readWrite)
            schedule.start()
            #expect(ran.wait(timeout: .now() + 0.3) == .timedOut)
            withExtendedLifetime(other) {}
        }
        ran.wait()
        schedule.stop()
        schedule.wait()
    }
}
