import Domain
import Foundation
import Kafka
import Ledger
import Sandbox
import TestSupport
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("Replays on real parts")
    struct ReplayEndToEndTests {
        private let users = (1...60).map { "\(4_000 + $0)" }

        /// Aggregates as the aggregator would have left them.
        private func publishAggregates(_ stack: PipelineStack) throws {
            try stack.publish(
                users.map {
                    OutgoingRecord(
                        topic: stack.settings.topics.aggregate, key: Array($0.utf8), value: Array(#"{"user_id":\#($0)}"#.utf8))
                })
        }

        /// Which of the service's generations each God object was made with.
        private func generations(_ stack: PipelineStack) throws -> [String: Int] {
            try stack.live(stack.settings.topics.god).reduce(into: [:]) { generations, entry in
                let mapping = try entry.value.value.map { try JSONValue(parsing: $0) }?["mapping"]
                generations[entry.key] = (1...3).first {
                    mapping?["loyalty_id"]?.text == Mapping(userID: entry.key, generation: $0).loyaltyID
                }
            }
        }

        private func finish(_ request: ReplayRequest, _ control: ReplayControl) throws {
            try eventually("replay \(request.id) is done") { try control.look(at: request, forMs: 250) == nil }
        }

        @Test("two running processes, each with a ledger of its own, replay what they own; the request goes when all is done")
        func whileItRuns() throws {
            let stack = try PipelineStack("replay", ownMapping: true)
            try publishAggregates(stack)
            let mapping = stack.mappingServer
            try mapping.setGeneration(1)
            let ledgers = ["a", "b"].map { stack.directory.appending(path: "ledger-\($0).sqlite").path }
            let runners = ledgers.enumerated().map { number, path in
                stack.settings.ledgerPath = path
                stack.settings.parkedPath = stack.directory.appending(path: "parked-\(number).sqlite").path
                return stack.runner(only: [.enricher])
            }
            for runner in runners { try runner.start() }
            try eventually("everybody enriched once") { try generations(stack).count == users.count }

            try mapping.setGeneration(2)
            let control = try ReplayControl(settings: stack.settings)
            defer { control.close() }
            let request = try control.publish()
            #expect(control.open.isEmpty || control.open == [request])
            try finish(request, control)
            #expect(Set(try generations(stack).values) == [2])
            #expect(runners.map { $0.counters[.enricher].snapshot().replayed }.reduce(0, +) == users.count)

            try mapping.setGeneration(3)
            let some = try control.publish(users: [UserID(users[0]), UserID(users[1]), UserID("999999")])
            try finish(some, control)
            #expect(try generations(stack).filter { $0.value == 3 }.keys.sorted() == [users[0], users[1]])

            for runner in runners { runner.requestStop() }
            for runner in runners { try runner.wait() }
            #expect(control.open.isEmpty)
            var newest = NewestProductions()
            for path in ledgers { try LedgerReader(path: path).fold { newest.add(copy $0) } }
            let gods = try stack.live(stack.settings.topics.god)
            for user in users {
                let production = newest[UserID(user)].last
                #expect(production?.god.offset == gods[user]?.offset)
                #expect(production?.godDigest == gods[user]?.value.map { Digest(of: $0) })
            }
        }

        @Test("a request that came and went between two looks is told to be done")
        func goneBetweenLooks() throws {
            let stack = try PipelineStack("replay-short", ownMapping: true)
            try publishAggregates(stack)
            let control = try ReplayControl(settings: stack.settings)
            defer { control.close() }
            let request = try control.publish()
            try control.cancel(request.id)
            try eventually("the request is gone") { try control.look(at: request, forMs: 250) == nil }
        }

        @Test("a request that is made while nobody runs waits for the next start")
        func whileNobodyRuns() throws {
            let stack = try PipelineStack("replay-later", ownMapping: true)
            try publishAggregates(stack)
            let mapping = stack.mappingServer
            let first = stack.runner(only: [.enricher])
            try first.start()
            try eventually("everybody enriched once") { try generations(stack).count == users.count }
            first.requestStop()
            try first.wait()

            try mapping.setGeneration(2)
            let control = try ReplayControl(settings: stack.settings)
            defer { control.close() }
            let request = try control.publish()
            #expect(try control.look(at: request, forMs: 1_000)?.answeredBy == [])
            let second = stack.runner(only: [.enricher])
            try second.start()
            try finish(request, control)
            second.requestStop()
            try second.wait()
            #expect(Set(try generations(stack).values) == [2])
            #expect(second.counters[.enricher].snapshot().replayed == users.count)
        }
    }
}
