import Domain
import Kafka
import Report
import Sandbox
import Testing

extension EndToEnd {
    @Suite("Changes that are on their way are never findings")
    struct InFlightTests {
        @Test("while the connector stands still, a run is incomplete and names it")
        func connectorPaused() throws {
            let live = try LivePipeline.current()
            try live.change("INSERT INTO users (user_id, email) VALUES (2101, 'a@example.com'), (2102, 'b@example.com')")
            try live.expectClean()
            let connector = try live.stack.requireConnector()
            connector.pause()
            defer { connector.resume() }
            try live.change(
                "UPDATE users SET email = 'later' WHERE user_id = 2101", "DELETE FROM users WHERE user_id = 2102",
                "INSERT INTO users (user_id, email) VALUES (2103, 'c@example.com')")
            try live.expectIncomplete(hop: "connector")
            connector.resume()
            try live.expectClean("once the connector goes on")
        }

        @Test("while the mapping service hangs, a run is incomplete and names the enricher")
        func mappingHangs() throws {
            let live = try LivePipeline.current()
            let mapping = try live.stack.requireMapping()
            mapping.pause()
            defer { mapping.resume() }
            try live.change("INSERT INTO users (user_id, email) VALUES (2301, 'a@example.com')")
            try live.expectIncomplete(hop: "enricher")
            mapping.resume()
            try live.expectClean("once the service answers")
        }

        @Test(
            "a broker that is slow to answer makes a run slow, and nothing else",
            .enabled(if: GivenKafka.named == nil, "a broker that others use is not slowed down"))
        func slowBroker() throws {
            let live = try LivePipeline.current()
            let broker = try live.stack.requireBroker()
            let shop = try LiveWriter(live.stack, everyMs: 20) { round in
                ["REPLACE INTO users (user_id, email) VALUES (\(2401 + round % 20), 'round \(round)')"]
            }
            try broker.setRoundTrip(milliseconds: 10)
            let roll = try live.verify(adjust: { $0.settleRounds = 5 })
            try broker.setRoundTrip(milliseconds: 0)
            try shop.stop()
            #expect(roll.findings.isEmpty)
            #expect([.clean, .incomplete].contains(roll.report.verdict))
            try live.expectClean("at full speed")
        }
    }
}

extension LivePipeline {
    /// Expects a run that is given too little time for a hop that stands still: incomplete, and without a finding.
    func expectIncomplete(hop: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let roll = try verify(adjust: { $0.fenceTimeoutMs = 2_000 })
        #expect(roll.findings.isEmpty, sourceLocation: sourceLocation)
        #expect(roll.report.verdict == .incomplete, sourceLocation: sourceLocation)
        #expect(roll.report.exitCode == 3, sourceLocation: sourceLocation)
        #expect(roll.report.verifiedThrough == nil, sourceLocation: sourceLocation)
        #expect(roll.report.fence.hops.filter { !$0.passed }.map(\.hop) == [hop], sourceLocation: sourceLocation)
        #expect(roll.report.reason?.contains(hop) == true, sourceLocation: sourceLocation)
    }
}
