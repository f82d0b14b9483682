import Dispatch
import Foundation
import Sandbox
import Synchronization
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("A process that is killed, again and again", .serialized, .timeLimit(.minutes(60)))
    struct CrashTests {
        /// `scripts/crash` sets both. Under a sanitizer forty pipelines side by side would wait for each other until their time is up,
        /// so that eight of them die there, five times each.
        private static let kills = number("ROLLCALL_CRASH_KILLS") ?? (getenv("ROLLCALL_TEST_SANITIZER") == nil ? 200 : 40)
        private static let seed = UInt64(number("ROLLCALL_CRASH_SEED") ?? 20_261_122)
        /// So many die side by side at most: nearly all of a life passes with waiting for the group.
        private static let worlds = 40
        /// So many deaths are worth a pipeline of their own.
        private static let deathsPerWorld = 5
        /// So many pipelines share a broker, which does everything on one thread.
        private static let worldsPerBroker = 10
        /// So many have connections that are cut, each with a broker of its own.
        private static let cutOffWorlds = 4

        private static func number(_ variable: String) -> Int? {
            ProcessInfo.processInfo.environment[variable].flatMap { Int($0) }
        }

        /// What befalls a world, and how often.
        private struct Lot {
            enum Fate { case death, lossOfDatabase, lossOfConnections }
            var fate: Fate
            var times: Int
            var broker: SandboxBroker
        }

        /// Deaths in worlds that share brokers, and in worlds apart what would befall their neighbours too: a database that dies, and
        /// connections that are cut.
        private func lots(_ kills: Int, in directory: URL) throws -> [Lot] {
            var brokers = 0
            func makeBroker() throws -> SandboxBroker {
                let path = directory.appending(path: "broker-\(brokers)").path
                brokers += 1
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                let broker = try SandboxBroker(directory: path)
                // Nobody writes to it here. A `verify` beside the pipeline waits for its fence until it is killed.
                try broker.createTopic(SandboxTopic("connect-offsets", partitions: 1))
                return broker
            }
            let (ofDatabase, ofConnections) = (max(1, kills / 50), max(1, kills / 15))
            var lots: [Lot] = []
            for times in shares(of: ofConnections, among: min(Self.cutOffWorlds, ofConnections)) {
                lots.append(Lot(fate: .lossOfConnections, times: times, broker: try makeBroker()))
            }
            lots.append(Lot(fate: .lossOfDatabase, times: ofDatabase, broker: try makeBroker()))
            let worlds = min(Self.worlds, max(1, kills / Self.deathsPerWorld))
            var shared = try makeBroker()
            for (number, times) in shares(of: kills - ofDatabase - ofConnections, among: worlds).enumerated() {
                if number > 0, number.isMultiple(of: Self.worldsPerBroker) { shared = try makeBroker() }
                lots.append(Lot(fate: .death, times: times, broker: shared))
            }
            return lots
        }

        private func shares(of count: Int, among heirs: Int) -> [Int] {
            (0..<heirs).map { count / heirs + ($0 < count % heirs ? 1 : 0) }
        }

        @Test("loses nobody: each life goes on where the last one was cut off")
        func everyoneArrives() throws {
            let directory = FileManager.default.temporaryDirectory.appending(path: "rollcall-crash-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: directory) }
            let troubles = Mutex<[String]>([])
            let deaths = Mutex(CrashWorld.Deaths())
            let (kills, seed) = (Self.kills, Self.seed)
            let group = DispatchGroup()
            for (number, lot) in try lots(kills, in: directory).enumerated() where lot.times > 0 {
                group.enter()
                let thread = Thread {
                    defer { group.leave() }
                    do {
                        let world = try CrashWorld(
                            number: number, on: lot.fate == .lossOfDatabase ? .mortal : .steady, broker: lot.broker,
                            seed: seed &+ UInt64(number) &* 1_000)
                        switch lot.fate {
                        case .death: try world.run(deaths: lot.times)
                        case .lossOfDatabase: try world.runWithoutDatabase(deaths: lot.times)
                        case .lossOfConnections: try world.runCutOff(times: lot.times)
                        }
                        let died = world.deaths
                        deaths.withLock { $0.add(died) }
                    } catch {
                        troubles.withLock { $0.append("world \(number), \(lot.fate), seed \(seed): \(error)") }
                    }
                }
                thread.start()
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
