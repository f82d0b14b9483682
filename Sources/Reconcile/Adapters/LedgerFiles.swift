import Domain
import Ledger

/// The ledgers of one or more processes.
final class LedgerFiles: LedgerPort {
    private let ledgers: [LedgerReader]

    init(paths: [String], godTopic: String?, cacheBytes: Int? = nil) throws {
        ledgers = try paths.map { try LedgerReader(path: $0, cacheBytes: cacheBytes) }
        guard let godTopic else { return }
        for ledger in ledgers where ledger.identity.godTopic != godTopic {
            throw ReconcileError.ledgerOfOtherTopic(
                path: ledger.path, topic: ledger.identity.godTopic, expected: godTopic)
        }
    }

    func highestGodOffsets() throws -> [Int32: Int64] {
        try ledgers.reduce(into: [:]) { highest, ledger in
            highest.merge(try ledger.highestGodOffsets()) { max($0, $1) }
        }
    }

    func marks() throws -> [LedgerMark] {
        try ledgers.map { LedgerMark(id: $0.identity.ledgerID, lastID: try $0.lastID()) }
    }

    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition {
        var position = position
        while position.lastIDs.count < ledgers.count { position.lastIDs.append(0) }
        for (index, ledger) in ledgers.enumerated() {
            position.lastIDs[index] = try ledger.fold(after: position.lastIDs[index]) { try body($0) }
        }
        return position
    }
}
