import Foundation
import Kafka
import Sandbox
import TestSupport
import Testing

@testable import Pipeline

/// What befalls a cluster of three brokers.
enum BrokerTrouble: String, CaseIterable {
    case requestErrors, groupErrors, leaderChanges, coordinatorChanges, outage, latency
}

extension RealParts {
    @Suite("Whatever befalls the brokers, everyone arrives")
    struct BrokerFaultTests {
        private static let numbers = 1...3

        /// Errors that a broker may answer at any time, by request, and that end by themselves. Those of joining a group are apart.
        private static let passingErrors: [(MockBroker.APIKey, [MockBroker.Fault])] = [
            (.produce, [.notLeaderForPartition, .leaderNotAvailable, .requestTimedOut, .notEnoughReplicas, .disconnect]),
            (.fetch, [.notLeaderForPartition, .leaderNotAvailable, .requestTimedOut, .disconnect]),
            (.listOffsets, [.notLeaderForPartition, .leaderNotAvailable, .disconnect]),
            (.metadata, [.leaderNotAvailable, .requestTimedOut, .disconnect]),
            (
                .offsetCommit,
                [.notCoordinator, .coordinatorNotAvailable, .coordinatorLoadInProgress, .requestTimedOut, .disconnect]
            ),
            (.offsetCommit, [.illegalGeneration, .unknownMember, .rebalanceInProgress]),
            (.offsetFetch, [.notCoordinator, .coordinatorLoadInProgress, .disconnect]),
            (.findCoordinator, [.coordinatorNotAvailable, .disconnect]),
            (.initProducerID, [.coordinatorLoadInProgress, .coordinatorNotAvailable, .disconnect]),
        ]

        /// Errors of the group's own requests. librdkafka 2.0.2's broker can abort over others of them, such as a connection that is
        /// cut while a member waits to join.
        private static let groupErrors: [(MockBroker.APIKey, [MockBroker.Fault])] = [
            (.heartbeat, [.rebalanceInProgress, .illegalGeneration, .unknownMember, .coordinatorNotAvailable, .notCoordinator]),
            (.joinGroup, [.coordinatorLoadInProgress, .coordinatorNotAvailable, .notCoordinator]),
            (.syncGroup, [.rebalanceInProgress, .coordinatorNotAvailable, .notCoordinator]),
        ]

        @Test(arguments: BrokerTrouble.allCases)
        func everyoneArrives(trouble: BrokerTrouble) throws {
            let directory = FileManager.default.temporaryDirectory.appending(path: "rollcall-brokers-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let broker = try SandboxBroker(brokers: Self.numbers.count, directory: directory.path)
            let stack = try PipelineStack("broker-\(trouble)", broker: broker)
            stack.settings.aggregator.workers = 2
            // The cases run side by side on one database.
            let first = 10_000 + 100 * (BrokerTrouble.allCases.firstIndex(of: trouble) ?? 0)
            let shop = try Shop(stack, users: first..<(first + 30), seed: 20_261_122)
            var random = SeededRandom(seed: 7)
            let warnings = Warnings()
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            for round in 0..<4 {
                try strike(trouble, broker, stack, round: round, &random)
                try shop.changeOneByOne(8)
                if trouble == .outage, round % 3 == 1 { try goDown(broker, warnings) }
                try eventually("round \(round) is read; \(warnings.texts)") {
                    runner.counters[.intake].snapshot().recordsIn >= shop.published
                }
                try #require(runner.isRunning, "\(warnings.texts)")
            }
            if trouble == .latency { for number in Self.numbers { try broker.setRoundTrip(broker: number, milliseconds: 0) } }
            for (request, _) in Self.passingErrors + Self.groupErrors { try broker.clearFaults(for: request) }
            try stack.waitUntilDrained()
            #expect(runner.isRunning)
            runner.requestStop()
            try runner.wait()
            try stack.expectEveryoneArrived(shop.users)
            #expect(runner.counters.snapshot().values.allSatisfy { $0.parked == 0 })
        }

        private func strike(
            _ trouble: BrokerTrouble, _ broker: SandboxBroker, _ stack: PipelineStack, round: Int, _ random: inout SeededRandom
        ) throws {
            let topics = stack.settings.topics
            switch trouble {
            case .requestErrors:
                for (request, _) in Self.passingErrors { try broker.clearFaults(for: request) }
                for (request, faults) in Self.passingErrors where Int.random(in: 0..<3, using: &random) == 0 {
                    try broker.push((0..<2).compactMap { _ in faults.randomElement(using: &random) }, for: request)
                }
            case .groupErrors:
                for (request, _) in Self.groupErrors { try broker.clearFaults(for: request) }
                for (request, faults) in Self.groupErrors {
                    try broker.push((0..<2).compactMap { _ in faults.randomElement(using: &random) }, for: request)
                }
            case .leaderChanges:
                for topic in [stack.users, stack.preferences, topics.signals, topics.aggregate, topics.god] {
                    let partition = TopicPartition(topic, Int32.random(in: 0..<3, using: &random))
                    try broker.setLeader(of: partition, broker: Self.numbers.randomElement(using: &random))
                }
            case .coordinatorChanges:
                let groups = stack.settings.groups
                for group in [groups.intake, groups.aggregator, groups.enricher] where Bool.random(using: &random) {
                    try broker.setCoordinator(ofGroup: group, broker: Int.random(in: Self.numbers, using: &random))
                }
            case .latency:
                for number in Self.numbers {
                    try broker.setRoundTrip(broker: number, milliseconds: [0, 50, 150, 400].randomElement(using: &random) ?? 0)
                }
            case .outage:
                // librdkafka's broker aborts when a connection is cut on which a member waits to join.
                if round % 3 == 1 { try stack.waitUntilDrained() }
            }
        }

        /// All brokers at once, until a worker has noticed.
        private func goDown(_ broker: SandboxBroker, _ warnings: Warnings) throws {
            let said = warnings.texts.count
            for number in Self.numbers { try broker.setDown(broker: number) }
            try eventually("the outage is said") {
                warnings.texts.dropFirst(said).contains { $0.hasPrefix("waiting for Kafka") }
            }
            for number in Self.numbers { try broker.setUp(broker: number) }
        }
    }
}
