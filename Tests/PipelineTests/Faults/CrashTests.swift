import Dispatch
import Foundation
import Sandbox
import Synchronization
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("A process that is killed, again and again", .serialized, .timeLimit(.minutes(60)))
    struct CrashTests {
        /// `scripts/crash` sets both.
        private static let kills = number("ROLLCALL_CRASH_KILLS") ?? 200
        private static let seed = UInt64(number("ROLLCALL_CRASH_SEED") ?? 20_261_122)
        /// So many die side by side at most: nearly all of a life passes with waiting for the group.
        private static let worlds = 40
        /// So many deaths are worth a pipeline of their own.
        private static let deathsPerWorld = 5
        /// So many pipelines share a broker, which does everything on one thread.
        private static let worldsPerBroker = 10

        private static func number(_ variable: String) -> Int? {
            ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
        }

        @Test("loses nobody: each life goes on where the last one was cut off")
        func everyoneArrives() throws {
            let directory = FileManager.default.temporaryDirectory.appending(path: "rollcall-crash-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: directory) }
            let troubles = Mutex<[String]>([])
            let deaths = Mutex(CrashWorld.Deaths())
            let (kills, seed) = (Self.kills, Self.seed)
            let worlds = min(Self.worlds, max(1, kills / Self.deathsPerWorld))
            let ofDatabase = max(1, kills / 50)
            let ofPipeline = kills - ofDatabase
            let brokers = try (0...worlds / Self.worldsPerBroker).map { number in
                let path = directory.appending(path: "broker-\(number)").path
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                let broker = try SandboxBroker(directory: path)
                // Nobody writes to it here. A `verify` beside the pipeline waits for its fence until it is killed.
                try broker.createTopic(SandboxTopic("connect-offsets", partitions: 1))
                return broker
            }
            let group = DispatchGroup()
            for number in 0..<worlds {
                let broker = brokers[number / Self.worldsPerBroker]
                group.enter()
                let thread = Thread {
                    defer { group.leave() }
                    do {
                        let world = try CrashWorld(number: number, broker: broker, seed: seed &+ UInt64(number) &* 1_000)
                        try world.run(deaths: ofPipeline / worlds + (number < ofPipeline % worlds ? 1 : 0))
                        let died = world.deaths
                        deaths.withLock { $0.add(died) }
                    } catch {
                        troubles.withLock { $0.append("world \(number), seed \(seed): \(error)") }
                    }
                }
                thread.start()
            }
            do {
                // Beside the others, because no one else depends on that database.
                let last = try CrashWorld(
                    number: worlds, on: .mortal, broker: brokers[worlds / Self.worldsPerBroker], seed: seed &- 1)
                try last.runWithoutDatabase(deaths: ofDatabase)
                deaths.withLock { $0.add(last.deaths) }
            } catch {
                troubles.withLock { $0.append("without its database, seed \(seed): \(error)") }
            }
            group.wait()
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
