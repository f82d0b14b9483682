import Domain
import Foundation
import Ledger
import TestSupport
import Testing

@testable import rollcall

@Suite("rollcall ledger prune and rebuild, against a real pipeline", .timeLimit(.minutes(15)))
struct LedgerUpkeepTests {
    private let shop: ShopFixture
    private var directory: TemporaryDirectory { shop.directory }
    private var ledger: String { directory.path + "/ledger.sqlite" }

    init() throws {
        shop = try ShopFixture(users: 30)
    }

    private func newest() throws -> NewestProductions {
        var newest = NewestProductions()
        try LedgerReader(path: ledger).fold { newest.add(copy $0) }
        return newest
    }

    /// What `verify` says: its exit code, and the counts of each stage.
    private func verdict() throws -> [JSONValue?] {
        let result = try Binary.run(["verify", "--json"], in: directory.path)
        let report = try JSONValue(parsing: Array(result.output.utf8))
        return [.number(result.status), report["verdict"], report["counts"], report["causes"]]
    }

    /// Runs a pipeline until the ledger lists a production that the condition asks for.
    private func stream(until condition: (NewestProductions) -> Bool) throws {
        let process = try Binary.start(["stream"], in: directory.path)
        defer {
            kill(process.processIdentifier, SIGTERM)
            process.waitUntilExit()
        }
        try eventually("the pipeline got there") {
            guard FileManager.default.fileExists(atPath: ledger), let newest = try? newest() else { return false }
            return condition(newest)
        }
    }

    @Test("A ledger that was pruned, and one that was lost and rebuilt from the God topic, give the same verdict")
    func sameVerdict() throws {
        try shop.publish(Array(1...30))
        try stream { $0.userCount == 30 }
        try shop.stack.execute(
            "UPDATE shop.users SET email = 'new@example.com' WHERE user_id <= 5", "DELETE FROM shop.users WHERE user_id = 6")
        try shop.publish(Array(1...6), deleted: 6)
        try stream { newest in !(newest[UserID("6")].last?.isLive ?? true) && newest[UserID("5")].last?.god.offset ?? 0 > 0 }
        try shop.publish([], tombstoned: 7)
        let lost = try newest()
        let before = try verdict()
        #expect(before[1] == "differences")

        let pruned = try Binary.run(["ledger", "prune", "--json"], in: directory.path)
        #expect(pruned.status == 0, "\(pruned.errors)")
        #expect(try JSONValue(parsing: Array(pruned.output.utf8))["kept"] == 30)
        #expect(try verdict() == before)

        let refused = try Binary.run(["ledger", "rebuild"], in: directory.path)
        #expect(refused.status == 2)
        #expect(refused.errors.contains("--force"))
        for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: ledger + suffix) }
        let rebuilt = try Binary.run(["ledger", "rebuild", "--json"], in: directory.path)
        #expect(rebuilt.status == 0, "\(rebuilt.errors)")
        #expect(try verdict() == before)
        let restored = try newest()
        for user in (1...30).map({ UserID("\($0)") }) {
            let production = try #require(lost[user].last)
            #expect(restored[user].count == 1)
            #expect(restored[user].last?.agrees(with: production) == true, "\(user)")
        }
        let again = try Binary.run(["ledger", "rebuild", "--force", "--json"], in: directory.path)
        #expect(try JSONValue(parsing: Array(again.output.utf8))["replaced"]?.text?.hasSuffix("ledger.sqlite.replaced") == true)
    }

    @Test("A ledger is not made of a topic that is not there, and none is pruned that is not there")
    func nothingThere() throws {
        let rebuilt = try Binary.run(["ledger", "rebuild", "--set", "kafka.topics.god=absent"], in: directory.path)
        #expect(rebuilt.status == 2)
        #expect(rebuilt.errors.contains("topic absent does not exist"))
        #expect(try Binary.run(["ledger", "prune"], in: directory.path).status == 2)
        #expect(!FileManager.default.fileExists(atPath: ledger))
    }
}
