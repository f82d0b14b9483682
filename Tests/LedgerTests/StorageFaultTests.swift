import Domain
import Foundation
import SQLite
import Testing

@testable import Ledger

/// Each call that a disk can refuse is refused once, and from there on, until no call is left.
@Suite("A disk that fails")
struct StorageFaultTests {
    /// Batches of three, enough of them that pages are added and read again.
    private static let batches: [[Production]] = (0..<12).map { batch in
        (0..<3).map { production("user \(batch)/\($0)", partition: Int32($0), offset: Int64(batch)) }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var fault: FaultyDisk.Fault
        var forEver: Bool
        var testDescription: String { "\(fault), \(forEver ? "for ever" : "once")" }

        static let all = FaultyDisk.Fault.allCases.flatMap { [Case(fault: $0, forEver: false), Case(fault: $0, forEver: true)] }
    }

    /// Runs `body` with the fault in the first call, then in the second, and so on, until it no longer strikes.
    ///
    /// - Parameters:
    ///   - maximum: How many calls are tried at most; the last ones are like those before.
    ///   - body: Mends the disk, and returns how often the fault struck.
    private func everyCall(_ fault: Case, maximum: Int = 120, _ body: (Scratch, FaultyDisk, Int) throws -> Int) throws {
        for after in 0..<maximum {
            let scratch = try Scratch()
            let disk = try FaultyDisk(under: scratch.directory.lastPathComponent)
            disk.fail(fault.fault, after: after, forEver: fault.forEver)
            guard try body(scratch, disk, after) > 0 else {
                // Nothing here is ever truncated while all goes well.
                #expect(after > 0 || fault.fault == .failedTruncate, "the fault never struck")
                return
            }
        }
    }

    @Test("loses nothing of the ledger that was acknowledged, and puts nothing into it that was not sent", arguments: Case.all)
    func ledger(_ fault: Case) throws {
        try everyCall(fault) { scratch, disk, after in
            let path = scratch.path("ledger.sqlite")
            var acknowledged: [Production] = []
            var sent: [Production] = []
            do {
                let writer = try LedgerWriter(path: path, godTopic: "god")
                defer { writer.close() }
                for batch in Self.batches {
                    sent += batch
                    try writer.append(batch)
                    acknowledged += batch
                }
            } catch let error as LedgerError {
                #expect(error.message.contains(path), "call \(after): \(error)")
                // A retriable one means that nothing of the batch was written, and that it may be sent again.
                if error.isRetriable, !acknowledged.isEmpty { sent.removeLast(3) }
            }
            let struck = disk.mend()
            if struck == 0 { #expect(acknowledged.count == sent.count) }
            // As it lies there after the process is gone, and after the next one has opened it.
            let writer = try LedgerWriter(path: path, godTopic: "god")
            let found = try LedgerReader(path: path).all()
            #expect(found.starts(with: acknowledged), "call \(after): \(found.count) of \(acknowledged.count)")
            #expect(sent.starts(with: found), "call \(after): \(found.count) of \(sent.count) sent")
            #expect(try LedgerReader(path: path).check() == [], "call \(after)")
            try writer.append([production("later", offset: 99)])
            #expect(try LedgerReader(path: path).all().count == found.count + 1)
            return struck
        }
    }

    @Test("makes a reader of the ledger say so, or answer rightly", arguments: Case.all)
    func ledgerReader(_ fault: Case) throws {
        let scratch = try Scratch()
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        for batch in Self.batches { try writer.append(batch) }
        let disk = try FaultyDisk(under: scratch.directory.lastPathComponent)
        for after in 0..<40 {
            disk.fail(fault.fault, after: after, forEver: fault.forEver)
            do {
                #expect(try LedgerReader(path: path).all() == Self.batches.flatMap { $0 }, "call \(after)")
            } catch let error as LedgerError {
                #expect(error.message.contains(path), "call \(after): \(error)")
            }
            if disk.mend() == 0 { break }
        }
        withExtendedLifetime(writer) {}
    }

    @Test("leaves whole runs in the history, or none of a run", arguments: Case.all)
    func history(_ fault: Case) throws {
        try everyCall(fault, maximum: 60) { scratch, disk, after in
            let path = scratch.path("history.sqlite")
            var recorded = 0
            do {
                let history = try History(path: path, access: .readWrite)
                for number in 1...4 {
                    try Self.record(number, in: history)
                    recorded = number
                }
            } catch let error as LedgerError {
                #expect(error.message.contains(path), "call \(after): \(error)")
            }
            let struck = disk.mend()
            let history = try History(path: path, access: .readWrite)
            let runs = try history.runs()
            #expect(runs.count == recorded || runs.count == recorded + 1, "call \(after): \(runs.count) of \(recorded)")
            var open: [String] = []
            try history.forEachOpenFinding { open.append($0.user.text) }
            // Each run finds one user more than the one before.
            #expect(open == (0..<runs.count).map { "user \($0)" }, "call \(after)")
            try Self.record(9, in: history)
            return struck
        }
    }

    private static func record(_ number: Int, in history: History) throws {
        let run = HistoryRun(
            runID: "run-\(number)", mode: "verify", verdict: "differences", isComplete: true, coversEveryUser: true, exitCode: 1,
            startedAtMs: Int64(number), finishedAtMs: Int64(number), configDigest: "c")
        try history.record(run, coverage: .everyUser([.god])) { recorder in
            for user in 0..<number { try recorder.add(user: UserID("user \(user)"), stage: .god, kind: .missing, cause: nil) }
        }
    }
}

/// What a power failure or a careless copy can leave of a write-ahead log.
@Suite("A write-ahead log that was cut")
struct CutLogTests {
    /// Every length with `ROLLCALL_CUT_STEP=1`; otherwise the ends of frames, their neighbours, and some in between.
    private static let step = ProcessInfo.processInfo.environment["ROLLCALL_CUT_STEP"].flatMap { Int($0) } ?? 509

    @Test("leaves whole batches, in their order, or a clear error: at each length")
    func everyLength() throws {
        let batches = (0..<4).map { batch in
            (0..<2).map { production("user \(batch)/\($0)", offset: Int64(batch * 2 + $0)) }
        }
        let scratch = try Scratch()
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        for batch in batches { try writer.append(batch) }
        // Copied while it is open: closing it would empty the log.
        let (file, log) = (try scratch.bytes("ledger.sqlite"), try scratch.bytes("ledger.sqlite-wal"))
        let wholes = (0...batches.count).map { batches.prefix($0).flatMap { $0 } }
        var seen: Set<Int> = []
        // A header of 32 bytes, then frames of a header of 24 bytes and a page (https://www.sqlite.org/walformat.html).
        let frames = stride(from: 32, through: log.count, by: 24 + 4_096)
        let lengths = Set(
            frames.flatMap { [$0 - 1, $0, $0 + 1, $0 + 24] } + Array(stride(from: 0, through: log.count, by: Self.step)))
        for length in lengths.sorted() where (0...log.count).contains(length) {
            let copy = try Scratch()
            let cut = try copy.write(file, to: "ledger.sqlite")
            _ = try copy.write(log.prefix(length), to: "ledger.sqlite-wal")
            do {
                let found = try LedgerReader(path: cut).all()
                #expect(wholes.contains(found), "\(length) bytes: \(found.map(\.user))")
                seen.insert(found.count)
                #expect(try LedgerReader(path: cut).check() == [], "\(length) bytes")
            } catch let error as LedgerError {
                #expect([.missing, .damaged, .notOurs, .failed].contains(error.code), "\(length) bytes: \(error)")
            }
            // The writer goes on from there, and the God topic tells it what it has lost.
            let again = try LedgerWriter(path: cut, godTopic: "god")
            try again.append([production("later", offset: 99)])
            #expect(try LedgerReader(path: cut).all().last?.user == UserID("later"), "\(length) bytes")
        }
        #expect(seen == [0, 2, 4, 6, 8])
        withExtendedLifetime(writer) {}
    }

    @Test("or in which a bit was turned, does so too")
    func everyByte() throws {
        let scratch = try Scratch()
        let path = scratch.path("ledger.sqlite")
        let writer = try LedgerWriter(path: path, godTopic: "god")
        let all = (0..<6).map { production("user \($0)", offset: Int64($0)) }
        for next in all { try writer.append([next]) }
        let (file, log) = (try scratch.bytes("ledger.sqlite"), try scratch.bytes("ledger.sqlite-wal"))
        for place in stride(from: 0, to: log.count, by: Self.step) {
            let copy = try Scratch()
            let turned = try copy.write(file, to: "ledger.sqlite")
            var bytes = log
            bytes[place] ^= 0x10
            _ = try copy.write(bytes, to: "ledger.sqlite-wal")
            do {
                let found = try LedgerReader(path: turned).all()
                #expect(all.starts(with: found), "byte \(place): \(found.map(\.user))")
            } catch let error as LedgerError {
                #expect([.missing, .damaged, .notOurs, .failed].contains(error.code), "byte \(place): \(error)")
            }
        }
        withExtendedLifetime(writer) {}
    }
}
