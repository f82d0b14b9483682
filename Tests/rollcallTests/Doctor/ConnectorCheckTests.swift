import Domain
import Testing

@testable import rollcall

@Suite("Judging the connector")
struct ConnectorCheckTests {
    private static let nowMs: Int64 = 1_700_000_000_000

    private func judge(
        _ position: String, snapshot: Bool = false, agoMs: Int64? = 1_000, _ change: (inout ServerFacts) -> Void = { _ in }
    ) throws -> [String: Check.State] {
        let committed = CommittedSourceOffset(
            offset: ConnectorOffset(position: try #require(SourcePosition(position)), isSnapshot: snapshot),
            committedAtMs: agoMs.map { Self.nowMs - $0 })
        let facts = MySQLCheckTests.facts {
            $0.binlogFiles = ["binlog.000002", "binlog.000003"]
            change(&$0)
        }
        let checks = SourceOffsetChecks.judge(.committed(committed), server: facts, nowMs: Self.nowMs, maximumAgeMs: 300_000)
        return Dictionary(checks.map { ($0.id, $0.state) }, uniquingKeysWith: { $1 })
    }

    @Test("An offset that is fresh, of this server and still in its log is fine")
    func healthy() throws {
        #expect(
            try judge("7@binlog.000003:4") == ["connector.offset": .ok, "connector.server": .ok, "connector.resume": .ok])
    }

    @Test("An old offset, another server and a log that is gone are failures; a snapshot is a warning")
    func failures() throws {
        #expect(try judge("7@binlog.000003:4", agoMs: 300_001)["connector.offset"] == .failure)
        #expect(try judge("7@binlog.000003:4", agoMs: nil)["connector.offset"] == .unknown)
        #expect(try judge("8@binlog.000003:4")["connector.server"] == .failure)
        #expect(try judge("binlog.000003:4")["connector.server"] == nil)
        #expect(try judge("7@binlog.000001:4")["connector.resume"] == .failure)
        #expect(try judge("7@binlog.000001:4") { $0.binlogFiles = nil }["connector.resume"] == nil)
        #expect(try judge("7@binlog.000003:4", snapshot: true)["connector.snapshot"] == .warning)
    }

    @Test("No offset at all is a failure, and an unreadable one unknown")
    func absent() {
        func state(_ offset: ConnectorHealth.Offset) -> [Check.State] {
            SourceOffsetChecks.judge(offset, server: nil, nowMs: 0, maximumAgeMs: 1).map(\.state)
        }
        #expect(state(.none) == [.failure])
        #expect(state(.unreadable("no broker")) == [.unknown])
    }

    @Test("Only a running connector is fine; a failed one says what it failed of")
    func states() {
        func check(_ answer: Result<ConnectorStatus?, ConnectError>) -> Check { ConnectorStateCheck.judge(answer, name: "shop") }
        #expect(check(.success(ConnectorStatus(ConnectServer.status()))).state == .ok)
        let failed = check(.success(ConnectorStatus(ConnectServer.status(task: "FAILED", trace: StackTraceTests.wrapped))))
        #expect(
            failed.finding
                == "the connector's task 0 failed: com.mysql.cj.exceptions.CJException: Access denied for user 'debezium'@'%'")
        #expect(check(.success(nil)).mend == "rollcall connector apply")
        let paused = check(.success(ConnectorStatus(ConnectServer.status(connector: "PAUSED", task: "PAUSED"))))
        #expect(paused.mend?.hasSuffix("/connectors/shop/resume") == true)
        #expect(check(.failure(ConnectError(code: .unreachable, message: "nobody there"))).state == .failure)
    }

    @Test("Properties that lose changes are failures, others warnings, and what others added is theirs")
    func configuration() {
        let wanted = ConnectorConfiguration([
            "skipped.operations": "none", "heartbeat.interval.ms": "10000", "database.user": "r",
        ])
        func state(_ change: [String: String]) -> Check.State {
            let current = ConnectorConfiguration(wanted.properties.merging(change) { $1 })
            return ConnectorConfigurationCheck.judge(current, wanted: wanted).state
        }
        #expect(state([:]) == .ok)
        #expect(state(["max.batch.size": "1", "database.user": "debezium"]) == .ok)
        #expect(state(["heartbeat.interval.ms": "0"]) == .warning)
        #expect(state(["skipped.operations": "t"]) == .failure)
    }
}
