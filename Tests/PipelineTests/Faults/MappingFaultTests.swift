import Domain
import HTTP
import Ledger
import Sandbox
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("Whatever befalls the mapping service, everyone arrives")
    struct MappingFaultTests {
        private static let faults: [MappingFaults] = [
            MappingFaults(failure: .status, status: 500),
            MappingFaults(failure: .status, errorRate: 0.5, status: 500),
            MappingFaults(failure: .status, status: 429, retryAfterSeconds: 1),
            MappingFaults(failure: .status, status: 503),
            MappingFaults(failure: .hang),
            MappingFaults(failure: .disconnect),
            MappingFaults(failure: .truncatedBody),
            MappingFaults(failure: .oversizedBody, bodyBytes: 200_000),
            MappingFaults(failure: .brokenJSON),
            MappingFaults(failure: .wrongJSON),
        ]

        /// An answer that is too large, and one that is no JSON while others are answered, is held against the user, who is parked. All
        /// others are waited for, no JSON for anybody among them: after some of those the breaker is open. Either way a later change
        /// brings the user through, and closes what was parked.
        @Test(arguments: ["/{user_id}", "?ids={user_ids}"])
        func everyoneArrives(path: String) throws {
            let isSingle = path.contains("{user_id}")
            let stack = try PipelineStack(isSingle ? "mapping-single" : "mapping-several", ownMapping: true)
            let service = stack.mappingServer
            stack.mapping = try impatient(MappingSettings(url: MappingURL(service.url + path)))
            let runner = stack.runner()
            try runner.start()
            let first = isSingle ? 12_000 : 12_200
            let shop = try Shop(stack, users: first..<(first + 12), seed: 12)
            // For one user any JSON is a mapping; only among several is there a shape that it can lack.
            let ofOneUser = MappingFaults(failure: .brokenJSON, users: ["\(first)"])
            for fault in Self.faults + [ofOneUser] where !(isSingle && fault.failure == .wrongJSON) {
                let (before, published) = (try service.stats().failures, shop.published)
                let parkedBefore = runner.counters[.enricher].snapshot().parked
                try service.setFaults(fault)
                try eventually("\(fault) is met") {
                    // A service that fails now and then need not fail for the first request.
                    let isRare = fault.errorRate < 1 || fault.users != nil
                    if isRare || shop.published == published { try shop.change(12) }
                    return try service.stats().failures > before
                }
                // What is held against the user has to be parked before the service is well again, or it never is.
                if fault.failure == .oversizedBody || fault.users != nil {
                    try eventually("somebody is parked over \(fault)") {
                        runner.counters[.enricher].snapshot().parked > parkedBefore
                    }
                }
                try service.clearFaults()
                try stack.waitUntilDrained()
                #expect(runner.isRunning)
            }
            try shop.publish(shop.users.map { stack.event("\($0)") })
            try stack.waitUntilDrained()
            runner.requestStop()
            try runner.wait()
            try stack.expectEveryoneArrived(shop.users)
            #expect(try ParkedStore(path: stack.settings.parkedPath).openCounts().isEmpty)
        }

        @Test("a name that cannot be resolved, and then a port where nobody listens, are waited for")
        func awayAltogether() throws {
            let stack = try PipelineStack("mapping-away")
            // Who answers is given the time that operation would give: on a busy machine, or under a sanitizer, half a second is none.
            let real = stack.mapping
            let nameless = try impatient(MappingSettings(url: MappingURL("http://nobody.invalid/{user_id}")))
            let silent = try impatient(MappingSettings(url: MappingURL("http://127.0.0.1:\(FreePort.find())/{user_id}")))
            let place = Mutex(0)
            let warnings = Warnings()
            let runner = StreamRunner(settings: stack.settings, logger: warnings.logger) { clock in
                MovingService(
                    services: try [nameless, silent, real].map { try HTTPMappingService(settings: $0, clock: clock) },
                    place: { place.withLock { $0 } })
            }
            try runner.start()
            let shop = try Shop(stack, users: 12_100..<12_110, seed: 13)
            for next in 1...2 {
                try shop.change(15)
                try eventually("it is tried again") { runner.counters[.enricher].snapshot().retries >= 3 * next }
                place.withLock { $0 = next }
            }
            try stack.waitUntilDrained()
            runner.requestStop()
            try runner.wait()
            try stack.expectEveryoneArrived(shop.users)
            #expect(warnings.texts.contains { $0.contains("nobody.invalid") })
            #expect(runner.counters[.enricher].snapshot().parked == 0)
        }

        /// The same service, which a test need not wait for as long as operation would.
        private func impatient(_ settings: MappingSettings) -> MappingSettings {
            var settings = settings
            settings.http.totalTimeoutMs = 500
            settings.http.maxResponseBytes = 100_000
            settings.maxRetryMs = 500
            settings.backoffMaximumMs = 200
            settings.breakerOpenMs = 200
            settings.breakerOpenMaximumMs = 400
            return settings
        }
    }
}

/// A service that is elsewhere after each move of its address.
private struct MovingService: MappingLookup {
    let services: [HTTPMappingService]
    let place: @Sendable () -> Int

    func mappings(of users: [UserID], whileWaiting: () throws -> Void) throws -> [UserID: MappingAnswer] {
        try services[place()].mappings(of: users, whileWaiting: whileWaiting)
    }
}
