import Domain
import Foundation
import Testing

@testable import Ledger

@Suite("A new ledger takes the place of an old one when it is complete")
struct LedgerReplacementTests {
    private let scratch: Scratch
    private var path: String { scratch.path("ledger.sqlite") }

    init() throws {
        scratch = try Scratch()
    }

    private func production(_ user: String, _ offset: Int64) -> Production {
        Production(
            user: UserID(user), god: RecordAddress(partition: 0, offset: offset), godDigest: Digest(of: [1]),
            aggregate: RecordAddress(partition: 0, offset: offset), aggregateDigest: Digest(of: [2]), version: nil,
            mappingDigest: nil, producedAtMs: 1)
    }

    private func users() throws -> [String] {
        var users: [String] = []
        try LedgerReader(path: path).fold { users.append($0.user.text) }
        return users
    }

    private func makeOld() throws {
        let old = try LedgerWriter(path: path, godTopic: "god")
        try old.append([production("old", 1)])
        old.close()
    }

    @Test("where there is none, it is there when it is finished, and nothing else is left")
    func first() throws {
        let replacement = try LedgerReplacement(path: path, godTopic: "god", replaces: false)
        try replacement.writer.append([production("new", 1)])
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try replacement.finish() == nil)
        #expect(try users() == ["new"])
    }

    @Test("one that is there stays, unless it may be replaced; then it is kept under another name")
    func second() throws {
        try makeOld()
        #expect(throws: LedgerError.self) { try LedgerReplacement(path: path, godTopic: "god", replaces: false) }
        #expect(try users() == ["old"])
        let replacement = try LedgerReplacement(path: path, godTopic: "god", replaces: true)
        try replacement.writer.append([production("new", 1)])
        #expect(try replacement.finish() == path + ".replaced")
        #expect(try users() == ["new"])
        #expect(try LedgerReader(path: path + ".replaced").lastID() == 1)
    }

    @Test("one that is not finished changes nothing")
    func unfinished() throws {
        try makeOld()
        do {
            let replacement = try LedgerReplacement(path: path, godTopic: "god", replaces: true)
            try replacement.writer.append([production("new", 1)])
        }
        #expect(try users() == ["old"])
        #expect(!FileManager.default.fileExists(atPath: path + ".rebuilding"))
    }

    @Test("one whose writer is at work is not replaced")
    func locked() throws {
        let writer = try LedgerWriter(path: path, godTopic: "god")
        defer { writer.close() }
        let error = #expect(throws: LedgerError.self) { try LedgerReplacement(path: path, godTopic: "god", replaces: true) }
        #expect(error?.code == .locked)
    }
}
