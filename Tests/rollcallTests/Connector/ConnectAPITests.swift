import Domain
import Synchronization
import Testing

@testable import rollcall

@Suite("Kafka Connect's REST interface")
struct ConnectAPITests {
    private static func api(
        _ server: ConnectServer, account: String? = nil, timeoutMs: Int = 10_000, patienceMs: Int = 3_000
    ) throws -> ConnectAPI {
        var target = ConnectAPI.Target(url: server.url + "/", basicAuthentication: account, timeoutMs: timeoutMs)
        target.rebalancePatienceMs = patienceMs
        return try ConnectAPI(target, sleep: { _ in })
    }

    @Test("A connector that is not there is none, not an error")
    func absent() throws {
        try ConnectServer.with { server in
            let api = try Self.api(server)
            #expect(try api.configuration(of: "shop") == nil)
            #expect(try api.status(of: "shop") == nil)
            #expect(
                server.state.withLock { $0.requests } == ["GET /connectors/shop/config", "GET /connectors/shop/status"])
        }
    }

    @Test("What is put is what is read back, under a name with any characters")
    func roundTrip() throws {
        try ConnectServer.with { server in
            let api = try Self.api(server)
            let configuration = ConnectorConfiguration(["connector.class": "io.example.C", "odd": "\"ü\n"])
            try api.put(configuration, as: "shop-eu.1")
            #expect(try api.configuration(of: "shop-eu.1") == configuration)
        }
    }

    @Test("A rebalance is waited out; one that never ends is an error with Connect's own words")
    func rebalance() throws {
        try ConnectServer.with { server in
            let api = try Self.api(server)
            server.state.withLock { $0.faults = [.rebalance, .rebalance] }
            try api.put(ConnectorConfiguration(["connector.class": "C"]), as: "shop")
            #expect(server.state.withLock { $0.requests.count } == 3)

            server.state.withLock { $0.faults = Array(repeating: .rebalance, count: 10) }
            let error = #expect(throws: ConnectError.self) {
                try api.put(ConnectorConfiguration(["connector.class": "C"]), as: "shop")
            }
            #expect(error?.code == .rebalance)
            #expect(error?.message.contains("409: Cannot complete request because of a conflicting operation") == true)
        }
    }

    @Test("A configuration that Connect refuses is not sent again")
    func invalid() throws {
        try ConnectServer.with { server in
            let error = #expect(throws: ConnectError.self) {
                try Self.api(server).put(ConnectorConfiguration([:]), as: "shop")
            }
            #expect(error?.code == .invalid)
            #expect(error?.message.contains("contains no connector type") == true)
            #expect(server.state.withLock { $0.requests.count } == 1)
        }
    }

    @Test("Basic authentication is sent, and its refusal names the setting")
    func authentication() throws {
        try ConnectServer.with { server in
            server.state.withLock {
                $0.requiredAuthorization = "Basic cm9sbGNhbGw6czNjcmV0"
                $0.statuses = [ConnectServer.status()]
            }
            let status = try Self.api(server, account: "rollcall:s3cret").status(of: "shop")
            #expect(status?.isRunning == true)
            let error = #expect(throws: ConnectError.self) { try Self.api(server).status(of: "shop") }
            #expect(error?.code == .denied)
            #expect(error?.message.contains("connector.basic_auth_file") == true)
        }
    }

    @Test("An internal error, a silence and a stranger's answer each say what was met")
    func trouble() throws {
        try ConnectServer.with { server in
            let api = try Self.api(server, timeoutMs: 300)
            server.state.withLock { $0.faults = [.notReady, .hang, .webPage] }
            let failure = #expect(throws: ConnectError.self) { try api.configuration(of: "shop") }
            #expect(failure?.code == .server)
            #expect(failure?.message.contains("500: Request timed out. The worker is currently polling") == true)
            let silence = #expect(throws: ConnectError.self) { try api.configuration(of: "shop") }
            #expect(silence?.code == .unreachable)
            #expect(silence?.message.contains("check connector.url") == true)
            let stranger = #expect(throws: ConnectError.self) { try api.configuration(of: "shop") }
            #expect(stranger?.message.contains("answers, but not as Kafka Connect does") == true)
        }
    }

    @Test("Nobody there: the message names the address and the setting")
    func unreachable() throws {
        let error = #expect(throws: ConnectError.self) {
            try ConnectAPI(ConnectAPI.Target(url: "http://127.0.0.1:1")).status(of: "shop")
        }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("http://127.0.0.1:1/connectors/shop/status") == true)
        #expect(error?.message.contains("connector.url") == true)
    }
}
