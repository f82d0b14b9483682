import Domain
import Foundation
import Glibc
import SQLite
import Testing

@testable import Ledger

@Suite("Opening a ledger")
struct LedgerOpeningTests {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path("ledger.sqlite")
    }

    @Test("A ledger keeps its identity from the first opening on")
    func identity() throws {
        let first = try LedgerWriter(path: path, godTopic: "god")
        #expect(first.identity.ledgerID.count == 32)
        first.close()
        let second = try LedgerWriter(path: path, godTopic: "god", godTopicID: "abc")
        #expect(second.identity.ledgerID == first.identity.ledgerID)
        #expect(try LedgerReader(path: path).identity == second.identity)
        #expect(try LedgerWriter(path: scratch.path("other"), godTopic: "god").identity.ledgerID != first.identity.ledgerID)
    }

    @Test("A ledger serves one topic, and one life of it")
    func otherTopic() throws {
        try LedgerWriter(path: path, godTopic: "god", godTopicID: "abc").close()
        #expect(ledgerError { _ = try LedgerWriter(path: path, godTopic: "gods") }?.code == .otherTopic)
        #expect(ledgerError { _ = try LedgerWriter(path: path, godTopic: "god", godTopicID: "abd") }?.code == .otherTopic)
        try LedgerWriter(path: path, godTopic: "god").close()
    }

    @Test("A second writer is refused and told who holds the ledger, also under another name of the file")
    func locked() throws {
        let holder = try LedgerWriter(path: path, godTopic: "god")
        symlink(path, scratch.path("alias.sqlite"))
        for name in ["ledger.sqlite", "alias.sqlite"] {
            let error = ledgerError { _ = try LedgerWriter(path: scratch.path(name), godTopic: "god") }
            #expect(error?.code == .locked)
            #expect(error?.message.contains("pid \(getpid())") == true)
            #expect(error?.message.contains(scratch.path(name)) == true)
        }
        holder.close()
        try LedgerWriter(path: path, godTopic: "god").close()
        withExtendedLifetime(holder) {}
    }

    @Test("Another process that holds the lock is named by its pid")
    func lockedByAnotherProcess() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        let script = "echo \"pid $$ elsewhere\" > \"$0\"; echo ready; read line"
        process.arguments = [path + ".lock", "/bin/sh", "-c", script, path + ".lock"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        #expect(output.fileHandleForReading.availableData == Data("ready\n".utf8))
        let error = ledgerError { _ = try LedgerWriter(path: path, godTopic: "god") }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("elsewhere") == true)
        // However the holder ends, its lock ends with it.
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        try LedgerWriter(path: path, godTopic: "god").close()
    }

    @Test("A reader needs a ledger that exists")
    func missing() throws {
        #expect(ledgerError { _ = try LedgerReader(path: path) }?.code == .missing)
        _ = try scratch.write(Data(), to: "ledger.sqlite")
        #expect(ledgerError { _ = try LedgerReader(path: path) }?.code == .missing)
        try LedgerWriter(path: path, godTopic: "god").close()
        #expect(try LedgerReader(path: path).lastID() == 0)
    }

    @Test("A file that is no database is refused, and not one byte of it is changed", arguments: [2, 700, 20_000])
    func garbage(size: Int) throws {
        let bytes = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) })
        _ = try scratch.write(bytes, to: "ledger.sqlite")
        #expect(ledgerError { _ = try LedgerReader(path: path) }?.code == .notOurs)
        let error = ledgerError { _ = try LedgerWriter(path: path, godTopic: "god") }
        #expect(error?.code == .notOurs)
        #expect(error?.message.contains(path) == true)
        #expect(try scratch.bytes("ledger.sqlite") == bytes)
    }

    @Test("Somebody else's database is refused, and not one byte of it is changed", arguments: [0, 0x1234])
    func somebodyElses(applicationID: Int32) throws {
        do {
            let database = try Database(path: path, mode: .create)
            try database.execute("CREATE TABLE customers (name TEXT)")
            try database.setApplicationID(applicationID)
        }
        let before = try scratch.bytes("ledger.sqlite")
        #expect(ledgerError { _ = try LedgerReader(path: path) }?.code == .notOurs)
        #expect(ledgerError { _ = try LedgerWriter(path: path, godTopic: "god") }?.code == .notOurs)
        #expect(try scratch.bytes("ledger.sqlite") == before)
    }

    @Test("The three files are not taken for one another")
    func mixedUp() throws {
        try LedgerWriter(path: path, godTopic: "god").close()
        #expect(ledgerError { _ = try ParkedStore(path: path) }?.code == .notOurs)
        #expect(ledgerError { _ = try History(path: path, access: .readWrite) }?.code == .notOurs)
    }

    @Test("A directory, a missing directory, and a file in the place of one are inaccessible, by name")
    func inaccessible() throws {
        try FileManager.default.createDirectory(atPath: scratch.path("folder"), withIntermediateDirectories: false)
        _ = try scratch.write(Data(), to: "file")
        #expect(ledgerError { _ = try LedgerReader(path: scratch.path("folder")) }?.code == .inaccessible)
        for name in ["none/ledger.sqlite", "folder", "file/ledger.sqlite"] {
            let error = ledgerError { _ = try LedgerWriter(path: scratch.path(name), godTopic: "god") }
            #expect(error?.code == .inaccessible)
            #expect(error?.message.contains(scratch.path(name)) == true)
        }
    }

    @Test("A ledger of a newer schema is left alone")
    func newerSchema() throws {
        try LedgerWriter(path: path, godTopic: "god").close()
        do { try Database(path: path, mode: .readWrite).setUserVersion(99) }
        for error in [
            ledgerError { _ = try LedgerReader(path: path) },
            ledgerError { _ = try LedgerWriter(path: path, godTopic: "god") },
        ] {
            #expect(error?.code == .newerSchema)
            #expect(error?.message.contains("99") == true)
        }
    }

    @Test("A file of an older schema is upgraded by its writer, step by step, and refused by a reader until then")
    func upgrade() throws {
        let old = FileFormat(
            name: "toy", origin: "this test writes one", applicationID: 77, migrations: ["CREATE TABLE a (x INTEGER) STRICT"])
        var new = old
        new.migrations += ["ALTER TABLE a ADD COLUMN y INTEGER", "CREATE TABLE b (z INTEGER) STRICT"]
        try old.openForWriting(path).execute("INSERT INTO a VALUES (1)")
        #expect(ledgerError { _ = try new.openForReading(path) }?.code == .olderSchema)
        try new.openForWriting(path).execute("UPDATE a SET y = 2; INSERT INTO b VALUES (3)")
        let sum = try new.openForReading(path).prepare("SELECT x + y + z FROM a, b").first { $0.int64(0) }
        #expect(sum == 6)
        #expect(ledgerError { _ = try old.openForWriting(path) }?.code == .newerSchema)
    }

    @Test("An upgrade that fails half-way leaves the file as it was")
    func failedUpgrade() throws {
        let old = FileFormat(
            name: "toy", origin: "this test writes one", applicationID: 77, migrations: ["CREATE TABLE a (x INTEGER) STRICT"])
        var broken = old
        broken.migrations += ["CREATE TABLE b (z INTEGER) STRICT", "CREATE TABLE a (again INTEGER)"]
        _ = try old.openForWriting(path)
        #expect(throws: LedgerError.self) { try broken.openForWriting(path) }
        let database = try old.openForReading(path)
        #expect(try database.prepare("SELECT count(*) FROM sqlite_schema").first { $0.int64(0) } == 1)
    }

    @Test("A ledger cut off in the middle is called damaged, by the check or at once")
    func truncatedFile() throws {
        do {
            let writer = try LedgerWriter(path: path, godTopic: "god")
            try writer.append((0..<2_000).map { production("user \($0)", offset: $0) })
        }
        let whole = try scratch.bytes("ledger.sqlite")
        for size in [whole.count / 2, 3 * 4096, whole.count - 2048] {
            let cut = try scratch.write(whole.prefix(size), to: "cut.sqlite")
            do {
                let problems = try LedgerReader(path: cut).check()
                #expect(problems.contains { $0.code == .damaged })
            } catch let error as LedgerError {
                #expect(error.code == .damaged)
            }
        }
    }
}
