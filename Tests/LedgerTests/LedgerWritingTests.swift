import Domain
import Foundation
import SQLite
import Synchronization
import TestSupport
import Testing

@testable import Ledger

@Suite("Writing a ledger")
struct LedgerWritingTests {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.path("ledger.sqlite")
    }

    @Test("Every field survives: digests of all 64 bits, tombstones, ids with NUL and emoji, unknown versions")
    func roundTrip() throws {
        let digests: [UInt64?] = [nil, 0, 1, UInt64(Int64.max), 1 << 63, .max]
        let users = ["42", "a\u{0}b", "🦊", "e\u{301}", "é", "18446744073709551615", "'; DROP TABLE productions; --"]
        var productions: [Production] = []
        for user in users {
            for digest in digests {
                var next = production(user, offset: Int64(productions.count), god: digest, aggregate: digest)
                next.mappingDigest = digest.map(Digest.init(rawValue:))
                if digest == 0 { next.version = nil }
                productions.append(next)
            }
        }
        let writer = try LedgerWriter(path: path, godTopic: "god")
        try writer.append(productions)
        let reader = try LedgerReader(path: path)
        #expect(try reader.all() == productions)
        #expect(try reader.check() == [])
        #expect(try reader.productions(for: UserID("é")).count == digests.count)
        #expect(try reader.statistics().users == users.count)
    }

    @Test("Ids go on after a restart, and so do the highest offsets")
    func restart() throws {
        let first = try LedgerWriter(path: path, godTopic: "god")
        try first.append([production("1", partition: 0, offset: 5), production("2", partition: 3, offset: 8)])
        try first.append([production("1", partition: 0, offset: 4)])
        #expect(try first.highestGodOffsets() == [0: 5, 3: 8])
        first.close()
        let second = try LedgerWriter(path: path, godTopic: "god")
        #expect(try second.highestGodOffsets() == [0: 5, 3: 8])
        try second.append([production("1", partition: 0, offset: 6)])
        #expect(try second.highestGodOffsets() == [0: 6, 3: 8])
        #expect(try LedgerReader(path: path).lastID() == 4)
    }

    @Test("A closed ledger says so")
    func closed() throws {
        let writer = try LedgerWriter(path: path, godTopic: "god")
        writer.close()
        writer.close()
        #expect(ledgerError { try writer.append([production("1", offset: 1)]) }?.code == .closed)
    }

    @Test("Rows cannot be changed, not even by hand")
    func appendOnly() throws {
        try LedgerWriter(path: path, godTopic: "god").append([production("1", offset: 1)])
        let database = try Database(path: path, mode: .readWrite)
        #expect(throws: SQLiteError.self) { try database.execute("UPDATE productions SET god_offset = 2") }
    }

    @Test("Eight threads that append at once lose nothing, and each keeps its own order")
    func groupCommit() throws {
        let writer = try LedgerWriter(path: path, godTopic: "god")
        let (threads, batches, size) = (8, 40, 5)
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            for batch in 0..<batches {
                let productions = (0..<size).map {
                    production("user \(thread)", partition: Int32(thread), offset: Int64(batch * size + $0))
                }
                do { try writer.append(productions) } catch { failures.withLock { $0.append("\(error)") } }
            }
        }
        #expect(failures.withLock { $0 } == [])
        var offsets: [Int32: [Int64]] = [:]
        let reader = try LedgerReader(path: path)
        try reader.fold { offsets[$0.god.partition, default: []].append($0.god.offset) }
        for thread in 0..<threads {
            #expect(offsets[Int32(thread)] == (0..<Int64(batches * size)).map { $0 })
        }
        #expect(try reader.check() == [])
    }

    @Test("Batches that wait for the disk are committed together, in one transaction")
    func combinedCommit() throws {
        let writer = try LedgerWriter(path: path, godTopic: "god")
        let (workers, finished) = (6, DispatchGroup())
        writer.whileConnectionIsBusy { waitingCount in
            for worker in 0..<workers {
                let thread = Thread {
                    try? writer.append([production("user \(worker)", offset: Int64(worker))])
                    finished.leave()
                }
                finished.enter()
                thread.start()
            }
            while waitingCount() < workers { sched_yield() }
        }
        finished.wait()
        #expect(writer.commitCount == 1)
        #expect(try LedgerReader(path: path).lastID() == Int64(workers))
    }

    @Test("A batch is durable when append returns: another connection sees it at once")
    func durableOnReturn() throws {
        let writer = try LedgerWriter(path: path, godTopic: "god")
        let reader = try LedgerReader(path: path)
        for offset in 0..<20 {
            try writer.append([production("1", offset: Int64(offset))])
            #expect(try reader.lastID() == Int64(offset + 1))
        }
    }

    @Test("A full ledger keeps what it has, fails retriably, and takes the batch once there is room")
    func pageLimit() throws {
        let small = (0..<10).map { production("user \($0)", offset: $0) }
        let large = (10..<20_000).map { production("user \($0)", offset: $0) }
        do {
            let writer = try LedgerWriter(path: path, godTopic: "god", godTopicID: nil, maximumPages: 30)
            try writer.append(small)
            let error = ledgerError { try writer.append(large) }
            #expect(error?.code == .full)
            #expect(error?.isRetriable == true)
            #expect(error?.message.contains(path) == true)
            #expect(try writer.highestGodOffsets() == [0: 9])
            try writer.append([production("late", offset: 30_000)])
        }
        let reader = try LedgerReader(path: path)
        #expect(try reader.all().map(\.user.text) == small.map(\.user.text) + ["late"])
        try LedgerWriter(path: path, godTopic: "god").append(large)
        #expect(try reader.lastID() == 20_001)
    }

    @Test("A disk that fills up while threads append loses no batch that was confirmed", .enabled(if: TinyDisk.isAvailable))
    func fullDisk() throws {
        let disk = try #require(TinyDisk(at: scratch.path("tiny"), size: "512k"))
        let path = disk.path + "/ledger.sqlite"
        let writer = try LedgerWriter(path: path, godTopic: "god")
        let confirmed = Mutex<Set<Int64>>([])
        let unexpected = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for batch in 0..<40 {
                let start = Int64(thread * 10_000 + batch * 100)
                let offsets = start..<start + 100
                do {
                    try writer.append(offsets.map { production("user \($0)", partition: Int32(thread), offset: $0) })
                    confirmed.withLock { $0.formUnion(offsets) }
                } catch {
                    if (error as? LedgerError)?.code != .full { unexpected.withLock { $0.append("\(error)") } }
                }
            }
        }
        #expect(unexpected.withLock { $0 } == [])
        #expect(confirmed.withLock { $0.count } < 16_000)
        #expect(disk.grow(to: "16m"))
        try writer.append([production("late", partition: 9, offset: 90_000)])
        let reader = try LedgerReader(path: path)
        #expect(try Set(reader.all().map(\.god.offset)) == confirmed.withLock { $0 }.union([90_000]))
        #expect(try reader.check() == [])
    }

    @Test("A crash keeps exactly the batches that were committed, wherever the log was cut off")
    func crash() throws {
        let writer = try LedgerWriter(path: path, godTopic: "god")
        var logSizes: [Int] = [try scratch.bytes("ledger.sqlite-wal").count]
        for batch in 0..<6 {
            try writer.append((0..<50).map { production("user \(batch)", offset: Int64(batch * 50 + $0)) })
            logSizes.append(try scratch.bytes("ledger.sqlite-wal").count)
        }
        // What a crash leaves: the file, and as much of the log as had reached the disk. (A crashed process leaves the shared
        // memory file too; after a power loss it is gone, and SQLite rebuilds it.)
        let (file, log) = (try scratch.bytes("ledger.sqlite"), try scratch.bytes("ledger.sqlite-wal"))
        writer.close()
        for size in logSizes.flatMap({ [$0 - 1, $0, $0 + 1, $0 + 2_000] }) where size >= logSizes[0] && size <= log.count {
            let copy = try Scratch()
            let copyPath = try copy.write(file, to: "ledger.sqlite")
            _ = try copy.write(log.prefix(size), to: "ledger.sqlite-wal")
            let committed = logSizes.dropFirst().filter { $0 <= size }.count
            // A reader may be the first to come after the crash.
            let reader = try LedgerReader(path: copyPath)
            #expect(try reader.lastID() == Int64(committed * 50))
            let reopened = try LedgerWriter(path: copyPath, godTopic: "god")
            #expect(try reader.all().map(\.god.offset) == (0..<Int64(committed * 50)).map { $0 })
            #expect(try reopened.highestGodOffsets()[0] == (committed == 0 ? nil : Int64(committed * 50 - 1)))
            #expect(try reader.check() == [])
        }
    }
}
