import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("A process that is killed, again and again", .serialized, .timeLimit(.minutes(60)))
    struct CrashTests {
        /// `scripts/crash` sets both.
        private static let kills = number("ROLLCALL_CRASH_KILLS") ?? 48
        private static let seed = UInt64(number("ROLLCALL_CRASH_SEED") ?? 20_261_122)
        /// So many die side by side: most of a life passes with waiting for the group.
        private static let worlds = 12

        private static func number(_ variable: String) -> Int? {
            ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
        }

        @Test("loses nobody: each life goes on where the last one was cut off")
        func everyoneArrives() {
            let troubles = Mutex<[String]>([])
            let deaths = Mutex(CrashWorld.Deaths())
            let (kills, seed, worlds) = (Self.kills, Self.seed, min(Self.worlds, max(1, Self.kills - 1)))
            let ofDatabase = max(1, kills / 50)
            let ofPipeline = kills - ofDatabase
            let group = DispatchGroup()
            for number in 0..<worlds {
                group.enter()
                let thread = Thread {
                    defer { group.leave() }
                    do {
                        let world = try CrashWorld(number: number, seed: seed &+ UInt64(number) &* 1_000)
                        try world.run(deaths: ofPipeline / worlds + (number < ofPipeline % worlds ? 1 : 0))
                        let died = world.deaths
                        deaths.withLock { $0.add(died) }
                    } catch {
                        troubles.withLock { $0.append("world \(number), seed \(seed): \(error)") }
                    }
                }
                thread.start()
            }
            group.wait()
            do {
                let last = try CrashWorld(number: worlds, seed: seed &- 1)
                try last.runWithoutDatabase(deaths: ofDatabase)
                deaths.withLock { $0.add(last.deaths) }
            } catch {
                troubles.withLock { $0.append("without its database, seed \(seed): \(error)") }
            }
            let died = deaths.withLock { $0 }
            #expect(troubles.withLock { $0 } == [])
            let atPoint = died.atPoint.values.reduce(0, +)
            #expect(died.total == kills)
            if kills >= 200 { #expect(Set(died.atPoint.keys) == Set(CrashWorld.points.map { "\($0.hop).\($0.call)" })) }
            print("killed \(atPoint) times at a named point, \(died.atRandomTime) times at a random time; seed \(seed)")
            print("killed beside it: verify \(died.ofVerify) times, the database \(died.ofDatabase) times; ", terminator: "")
            print("all connections cut \(died.ofConnections) times")
            print(died.atPoint.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)" }.joined(separator: "\n"))
        }
    }
}
