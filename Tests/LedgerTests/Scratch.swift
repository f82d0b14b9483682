import Domain
import Foundation
import SQLite

@testable import Ledger

/// A directory of its own for one test; removed with the value.
final class Scratch: Sendable {
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: directory)
    }

    func path(_ name: String) -> String {
        directory.appendingPathComponent(name).path
    }

    func write(_ bytes: Data, to name: String) throws -> String {
        let url = directory.appendingPathComponent(name)
        try bytes.write(to: url)
        return url.path
    }

    func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: directory.appendingPathComponent(name))
    }
}

/// The error that `body` throws, or nil.
func ledgerError(_ body: () throws -> Void) -> LedgerError? {
    do {
        try body()
        return nil
    } catch {
        return error as? LedgerError
    }
}

/// A production of a user at a God offset, with the rest made up from these.
func production(
    _ user: String, partition: Int32 = 0, offset: Int64, god: UInt64? = 7, aggregate: UInt64? = 9, atMs: Int64 = 1_000
) -> Production {
    Production(
        user: UserID(user), god: RecordAddress(partition: partition, offset: offset),
        godDigest: god.map(Digest.init(rawValue:)), aggregate: RecordAddress(partition: partition, offset: offset * 2),
        aggregateDigest: aggregate.map(Digest.init(rawValue:)),
        version: SourcePosition(server: 1, logName: "binlog", logNumber: 17, offset: UInt64(offset)), mappingDigest: nil,
        producedAtMs: atMs)
}

extension LedgerReader {
    func all() throws -> [Production] {
        var productions: [Production] = []
        try fold { productions.append(copy $0) }
        return productions
    }
}
