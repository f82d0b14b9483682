import Domain
import Foundation
import Ledger
import Testing

@testable import rollcall

@Suite("rollcall parked show")
struct ParkedShowTests {
    private let directory: TemporaryDirectory
    /// Neither text nor JSON, with a line feed in it.
    private let value: [UInt8] = [0x00, 0xFF, 0x0A, 0x41]

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("rollcall.yaml", completeYAML)
        let store = try ParkedStore(path: directory.path + "/parked.sqlite")
        defer { store.close() }
        let record = ParkedRecord(
            hop: .intake, topic: "shop.users", address: RecordAddress(partition: 3, offset: 17), timestampMs: 0,
            key: Array("k\u{1B}[31m".utf8), value: value, headers: [ParkedHeader("h", [0xFE])], user: UserID("42"),
            reason: .notJSON, message: "not JSON")
        try store.park([record])
        try store.park([record])
    }

    @Test("--raw writes the value's bytes, and nothing else")
    func raw() throws {
        let output = try directory.write("out", "")
        let process = try Binary.start(["parked", "show", "1", "--reveal", "--raw"], in: directory.path, output: output)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == Data(value))
        #expect(try Binary.run(["parked", "show", "1", "--raw"], in: directory.path).status == 64)
    }

    @Test("The text has reason, attempts and bytes, and cannot harm a terminal; JSON has every byte")
    func shown() throws {
        let text = try Binary.run(["parked", "show", "1", "--reveal"], in: directory.path).output
        for part in ["shop.users 3:17", "not_json: not JSON", "2, first ", "0x 00 ff 0a 41", "header h  ", "0x fe"] {
            #expect(text.contains(part), "\(part)")
        }
        #expect(!text.contains("\u{1B}"))
        let json = try JSONValue(
            parsing: Array(try Binary.run(["parked", "show", "1", "--json", "--reveal"], in: directory.path).output.utf8))
        #expect(json["attempts"] == 2)
        #expect(json["value_base64"] == .string(Data(value).base64EncodedString()))
        #expect(json["headers"] == [["name": "h", "digest": .string(Digest(of: [0xFE]).description), "value_base64": "/g=="]])
    }

    @Test("Without --reveal, sizes and digests are shown and no bytes; with it, who looked is on record")
    func masked() throws {
        let text = try Binary.run(["parked", "show", "1"], in: directory.path).output
        #expect(text.contains("4 bytes, digest \(Digest(of: value)); --reveal shows them"))
        #expect(!text.contains("0x") && !text.contains("k\\u{1b}"))
        let json = try JSONValue(
            parsing: Array(try Binary.run(["parked", "show", "1", "--json"], in: directory.path).output.utf8))
        #expect(json["value_base64"] == .null)
        #expect(json["value_digest"] == .string(Digest(of: value).description))
        let record = directory.path + "/reports/reveals.ndjson"
        #expect(!FileManager.default.fileExists(atPath: record))
        _ = try Binary.run(["parked", "show", "1", "--reveal"], in: directory.path)
        let line = try JSONValue(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: record)).dropLast()))
        #expect(line["command"] == "parked show" && line["user"] == "42" && line["parked"] == 1)
    }

    @Test("A number that is not there is named")
    func absent() throws {
        let result = try Binary.run(["parked", "show", "9"], in: directory.path)
        #expect(result.status == 2)
        #expect(result.errors.contains("no record 9 is parked"))
    }
}
