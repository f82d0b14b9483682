import Kafka
import Ledger
import TestSupport
import Testing

@testable import Pipeline

extension RealParts {
    @Suite("A disk without room", .serialized)
    struct FullDiskTests {
        @Test(
            "the ledger's: nothing more is committed, that is said once, and all goes on when there is room",
            .enabled(if: TinyDisk.isAvailable, "mounting a small file system takes privileges that this machine does not give"))
        func fullLedger() throws {
            let stack = try PipelineStack("disk")
            let disk = try #require(TinyDisk(at: stack.directory.appending(path: "tiny").path, size: "256k"))
            stack.settings.ledgerPath = disk.path + "/ledger.sqlite"
            stack.settings.enricher.batch.maxRecords = 50
            let warnings = Warnings()
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            let shop = try Shop(stack, users: 13_000..<13_200, seed: 13)
            let saysFull = { warnings.texts.contains { $0.hasPrefix("waiting for the ledger") && $0.contains("make room") } }
            try eventually("the disk is full") {
                try shop.change(200)
                return saysFull()
            }
            // More comes in, and is not consumed: what the group has committed stays where it is over many attempts.
            let recorded = try LedgerReader(path: stack.settings.ledgerPath).lastID()
            let lag = try stack.lag(stack.settings.groups.enricher, [stack.settings.topics.aggregate])
            let retries = runner.counters[.enricher].snapshot().retries
            try shop.change(200)
            try eventually("the ledger is tried again") { runner.counters[.enricher].snapshot().retries >= retries + 3 }
            #expect(try stack.lag(stack.settings.groups.enricher, [stack.settings.topics.aggregate]) >= lag)
            #expect(try LedgerReader(path: stack.settings.ledgerPath).lastID() == recorded)
            #expect(runner.isRunning)

            #expect(disk.grow(to: "64m"))
            try stack.waitUntilDrained()
            runner.requestStop()
            try runner.wait()
            try stack.expectEveryoneArrived(shop.users)
            #expect(warnings.texts.filter { $0.hasPrefix("waiting for the ledger") }.count == 1)
            #expect(warnings.texts.filter { $0.hasPrefix("no longer waiting for the ledger") }.count == 1)
        }
    }
}
