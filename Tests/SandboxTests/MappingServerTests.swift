import Foundation
@testable import Sandbox
import Testing

@Suite("The mapping service of the sandbox")
struct MappingServerTests {
    private let directory: StackDirectory
    private let server: MappingServer

    init() throws {
        directory = try StackDirectory(path: nil)
        server = try MappingServer(directory: directory.path)
    }

    private func get(_ path: String) throws(SandboxError) -> LoopbackRequest.Answer {
        let port = Int(server.url.split(separator: ":")[2].split(separator: "/")[0]) ?? 0
        return try LoopbackRequest(port: port, path: "/mappings\(path)").send()
    }

    private func mapping(_ user: String) throws -> Mapping {
        try JSONDecoder().decode(Mapping.self, from: Data(get("/\(user)").body))
    }

    @Test("maps one user or several, always to the same ids, until the service moves to another generation")
    func mappings() throws {
        defer { directory.removeIfTemporary() }
        let first = try mapping("42")
        #expect(first.userID == "42")
        #expect(try mapping("42") == first)
        #expect(try mapping("43").crmID != first.crmID)

        let several = try JSONDecoder().decode([String: Mapping].self, from: Data(get("?ids=42,43").body))
        #expect(several["42"] == first)
        #expect(several.count == 2)

        try server.setGeneration(2, users: ["42"])
        #expect(try mapping("42") == Mapping(userID: "42", generation: 2))
        #expect(try mapping("43") == Mapping(userID: "43", generation: 1))

        try server.setUnknownUsers(["42"])
        #expect(try get("/42").status == 404)
        #expect(try String(decoding: get("?ids=42").body, as: UTF8.self) == "{}")
    }

    @Test("fails in the ways it is told to, for as long as it is told to")
    func faults() throws {
        defer { directory.removeIfTemporary() }
        try server.setFaults(MappingFaults(failure: .status, status: 429, retryAfterSeconds: 1, failuresLeft: 1))
        #expect(try get("/1").status == 429)
        #expect(try get("/1").status == 200)

        try server.setFaults(MappingFaults(failure: .truncatedBody, users: ["7"]))
        #expect(try get("/1").status == 200)
        #expect(throws: SandboxError.self) { try get("/7") }
        try server.setFaults(MappingFaults(failure: .disconnect))
        #expect(throws: SandboxError.self) { try get("/1") }

        try server.setFaults(MappingFaults(failure: .oversizedBody, bodyBytes: 1 << 20))
        #expect(try get("/1").body.count == 1 << 20)
        try server.setFaults(MappingFaults(failure: .brokenJSON))
        #expect(throws: DecodingError.self) { try mapping("1") }
        try server.setFaults(MappingFaults(failure: .wrongJSON))
        #expect(throws: DecodingError.self) { try mapping("1") }

        try server.setFaults(MappingFaults(failure: .status, errorRate: 0.25, status: 500))
        let statuses = try (1...8).map { _ in try get("/1").status }
        #expect(statuses.count { $0 == 500 } == 2)

        try server.clearFaults()
        #expect(try get("/1").status == 200)
        #expect(try server.stats().failures == 8)
    }

    @Test("hangs without an answer, and still answers others")
    func hang() throws {
        defer { directory.removeIfTemporary() }
        try server.setFaults(MappingFaults(failure: .hang, users: ["7"]))
        let port = Int(server.url.split(separator: ":")[2].split(separator: "/")[0]) ?? 0
        #expect(throws: SandboxError.self) { try LoopbackRequest(port: port, path: "/mappings/7", timeoutMs: 200).send() }
        #expect(try get("/1").status == 200)
    }
}
