import Domain
import Foundation
import Ledger
import Testing

@testable import rollcall

@Suite("Parked records of several processes")
struct ParkedFilesTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try park("7", by: .intake, in: "intake.sqlite", atMs: 3)
        try park("8", by: .enricher, in: "enricher.sqlite", atMs: 1)
        try park("9", by: .enricher, in: "enricher.sqlite", atMs: 5)
    }

    private func park(_ user: String, by hop: Hop, in file: String, atMs: Int64) throws {
        let store = try ParkedStore(path: directory.path + "/" + file)
        defer { store.close() }
        try store.park(
            [
                ParkedRecord(
                    hop: hop, topic: "t", address: RecordAddress(partition: 0, offset: atMs), timestampMs: atMs, key: nil,
                    value: Array("junk".utf8), user: UserID(user), reason: .notJSON, message: "not JSON")
            ], atMs: atMs)
    }

    private func rollcall(_ arguments: String...) throws -> Binary.Result {
        try Binary.run(arguments, in: directory.path)
    }

    private let both = ["--parked", "intake.sqlite", "--parked", "enricher.sqlite"]

    private func users(_ output: String) throws -> [String?] {
        try output.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8))["user"]?.text }
    }

    @Test("are listed as one, the oldest first, each with its file, by flags or by settings")
    func list() throws {
        let flags = try Binary.run(["parked", "list", "--json"] + both, in: directory.path)
        #expect(try users(flags.output) == ["8", "7", "9"])
        #expect(flags.output.contains(#""file":"intake.sqlite""#))
        let text = try Binary.run(["parked", "list"] + both, in: directory.path).output
        #expect(text.hasPrefix("FILE"))
        try Data("ledger: {parked_path: intake.sqlite, parked_paths: [enricher.sqlite]}\n".utf8)
            .write(to: URL(fileURLWithPath: directory.path + "/rollcall.yaml"))
        #expect(try users(rollcall("parked", "list", "--json").output) == ["8", "7", "9"])
        #expect(try users(rollcall("parked", "list", "--json", "--limit", "1").output) == ["8"])
    }

    @Test("are shown and dropped by number where one file alone has it; else the file has to be named")
    func byNumber() throws {
        #expect(try Binary.run(["parked", "show", "2"] + both, in: directory.path).output.contains("9"))
        let ambiguous = try Binary.run(["parked", "drop", "1"] + both, in: directory.path)
        #expect(ambiguous.status == 64)
        #expect(ambiguous.errors.contains("--parked"))
        let named = try rollcall("parked", "drop", "1", "--parked", "enricher.sqlite")
        #expect(named.errors == "dropped 1 record\n")
        #expect(try users(Binary.run(["parked", "list", "--json"] + both, in: directory.path).output) == ["7", "9"])
    }

    @Test("a file that does not exist is a mistake on the command line, and an idle process in the settings")
    func missingFile() throws {
        #expect(try rollcall("parked", "list", "--parked", "typo.sqlite").status == 64)
        try Data("ledger: {parked_path: idle.sqlite, parked_paths: [intake.sqlite, enricher.sqlite]}\n".utf8)
            .write(to: URL(fileURLWithPath: directory.path + "/rollcall.yaml"))
        let idle = try rollcall("parked", "list", "--json")
        #expect(try users(idle.output) == ["8", "7", "9"])
    }
}
