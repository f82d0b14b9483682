import Domain
import Testing

@testable import rollcall

@Suite("Rolling a connector out")
struct ConnectorRolloutTests {
    private static let wanted = ConnectorConfiguration([
        "name": "shop", "connector.class": "C", "database.password": "s3cret", "skipped.operations": "none",
    ])

    private static func rollout(_ server: ConnectServer) throws -> ConnectorRollout {
        ConnectorRollout(
            api: try ConnectAPI(ConnectAPI.Target(url: server.url), sleep: { _ in }), name: "shop", patienceMs: 5_000,
            sleep: { _ in })
    }

    @Test("A new connector is created, and waited for through every state on the way")
    func create() throws {
        try ConnectServer.with { server in
            let rollout = try Self.rollout(server)
            server.state.withLock {
                $0.statuses = [
                    nil, ConnectServer.status(connector: "UNASSIGNED", task: ""), ConnectServer.status(task: ""),
                    ConnectServer.status(task: "UNASSIGNED"), ConnectServer.status(),
                ]
            }
            #expect(try rollout.plan(Self.wanted) == .created)
            #expect(try rollout.apply(Self.wanted).isRunning)
            #expect(try rollout.plan(Self.wanted) == .unchanged)
        }
    }

    @Test("The difference shows what goes and what comes, but no secret")
    func difference() throws {
        try ConnectServer.with { server in
            let rollout = try Self.rollout(server)
            server.state.withLock { state in
                state.configurations["shop"] = [
                    "name": "shop", "connector.class": "C", "database.password": "0ld", "skipped.operations": "t",
                    "max.batch.size": "10",
                ]
            }
            guard case .changed(let difference) = try rollout.plan(Self.wanted) else {
                Issue.record("there is a difference")
                return
            }
            let expected = """
                - database.password: (redacted)
                + database.password: (redacted)
                - max.batch.size: 10
                - skipped.operations: t
                + skipped.operations: none

                """
            #expect(difference.text == expected)
            #expect(server.state.withLock { $0.requests } == ["GET /connectors/shop/config"], "a plan changes nothing")
        }
    }

    @Test("The state from before the change is not taken for the new one")
    func staleState() throws {
        try ConnectServer.with { server in
            let failed = ConnectServer.status(task: "FAILED", trace: "java.lang.RuntimeException: old")
            server.state.withLock {
                $0.statuses = [failed, failed, ConnectServer.status(task: "UNASSIGNED"), ConnectServer.status()]
            }
            let status = try Self.rollout(server).apply(Self.wanted)
            #expect(status.isRunning)
        }
    }

    @Test("A worker that restarts meanwhile is no failure")
    func restart() throws {
        try ConnectServer.with { server in
            let rollout = try Self.rollout(server)
            try rollout.api.put(Self.wanted, as: "shop")
            server.state.withLock {
                $0.statuses = [ConnectServer.status()]
                $0.faults = [.notReady, .webPage, .notReady]
            }
            #expect(try rollout.waitUntilRunning().isRunning)
        }
    }

    @Test("A task that fails ends the wait with its root cause")
    func failure() throws {
        try ConnectServer.with { server in
            server.state.withLock { $0.statuses = [ConnectServer.status(task: "FAILED", trace: StackTraceTests.wrapped)] }
            let error = #expect(throws: ConnectError.self) { try Self.rollout(server).apply(Self.wanted) }
            let expected = """
                connector shop failed:
                connector  RUNNING  on 10.0.0.7:8083
                task 0     FAILED   on 10.0.0.7:8083: com.mysql.cj.exceptions.CJException: Access denied for user 'debezium'@'%'

                """
            #expect(error?.message == expected)
        }
    }

    @Test("A connector that never starts is given up with the last that was seen of it")
    func patience() throws {
        try ConnectServer.with { server in
            server.state.withLock { $0.statuses = [ConnectServer.status(task: "")] }
            let error = #expect(throws: ConnectError.self) { try Self.rollout(server).apply(Self.wanted) }
            #expect(error?.code == .notRunning)
            #expect(error?.message.hasPrefix("connector shop does not run after 5 s:") == true)
            #expect(error?.message.contains("tasks      none") == true)
        }
    }
}
