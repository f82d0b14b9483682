import Domain
import Report
import Source
import Synchronization
import Testing

@testable import Reconcile

@Suite("The load of a scan")
struct LoadTests {
    private func settings(_ limits: LoadLimits) -> VerifySettings {
        var settings = World.settings
        settings.load = limits
        return settings
    }

    @Test("the scan waits while too much is running on the source, and the report says for how long and why")
    func threads() throws {
        let world = World()
        world.state.withLock { $0.load = SourceLoad(threadsRunning: 50) }
        let waits = Calls()
        world.onSleep.withLock { hook in
            hook = { world in
                waits.note(0)
                world.pump()
                if waits.count == 5 { world.state.withLock { $0.load.threadsRunning = 3 } }
            }
        }
        let paused = Mutex<[String]>([])
        let directory = ReportsDirectory()
        let outcome = try Verification(
            settings(LoadLimits(threadsRunning: 40)), ports: WorldPorts(world: world),
            onProgress: { event in if case .paused(let reason) = event { paused.withLock { $0.append(reason) } } }
        ).run(reports: directory.path, history: directory.path + "/history.sqlite")
        #expect(outcome.report.verdict == .clean)
        #expect(paused.withLock { $0 } == Array(repeating: "Threads_running is 50, and more than 40", count: 5))
        #expect(outcome.report.notes.contains { $0.contains("held back for 5") && $0.contains("Threads_running") })
    }

    @Test(
        "it waits for a replica that lags, and for one that has stopped",
        arguments: [
            SourceLoad.ReplicaLag.seconds(11), .stopped,
        ])
    func replica(lag: SourceLoad.ReplicaLag) throws {
        let world = World()
        world.state.withLock { $0.load.replicaLag = lag }
        world.onSleep.withLock { hook in
            hook = { world in
                world.pump()
                world.state.withLock { $0.load.replicaLag = .seconds(10) }
            }
        }
        let (report, _) = try world.verify(settings(LoadLimits(replicaLagSeconds: 10)))
        #expect(report.verdict == .clean)
        #expect(report.notes.contains { $0.contains("held back for 1") })
    }

    @Test("a run that would have to wait for ever is given up, and names the setting")
    func givesUp() throws {
        let world = World()
        world.state.withLock { $0.load.threadsRunning = 100 }
        let (report, _) = try world.verify(settings(LoadLimits(threadsRunning: 10)))
        #expect(report.verdict == .error)
        #expect(report.reason?.contains("verify.load.max_threads_running") == true)
    }

    @Test("a forecast scans nothing, and names rows, records and productions")
    func forecast() throws {
        let world = World()
        let ranges = Calls()
        world.onRange.withLock { hook in hook = { _ in ranges.note(0) } }
        let directory = ReportsDirectory()
        var settings = World.settings
        settings.maxRowsPerSecond = 10
        let forecast = try Forecast(
            settings, ports: WorldPorts(world: world), historyPath: directory.path + "/history.sqlite")
        #expect(forecast.rows == 20)
        #expect(forecast.records == 40)
        #expect(forecast.productions == 20)
        #expect(forecast.milliseconds == 2_000)
        #expect(!forecast.isMeasured)
        #expect(ranges.count == 0)
    }
}
