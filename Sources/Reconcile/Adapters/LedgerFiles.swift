import Domain
import Glibc
import Ledger

/// The ledgers of one or more processes, and the parked records beside them.
final class LedgerFiles: LedgerPort {
    private let ledgers: [LedgerReader]
    private let parkedPaths: [String]

    init(paths: [String], parkedPaths: [String], godTopic: String?) throws {
        ledgers = try paths.map { try LedgerReader(path: $0) }
        // Two ledgers of one directory share the file of parked records.
        self.parkedPaths = Set(parkedPaths).sorted()
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

    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition {
        var position = position
        while position.lastIDs.count < ledgers.count { position.lastIDs.append(0) }
        for (index, ledger) in ledgers.enumerated() {
            position.lastIDs[index] = try ledger.fold(after: position.lastIDs[index]) { try body($0) }
        }
        return position
    }

    func openParked(_ body: (UserID, Hop, ParkReason) throws -> Void) throws -> Int {
        var withoutUser = 0
        // The file appears with the first record that is parked.
        for path in parkedPaths where access(path, F_OK) == 0 {
            let reader = try ParkedReader(path: path)
            withoutUser += try reader.openCounts().values.reduce(0, +)
            try reader.forEachOpenUser { user, hop, reason in
                withoutUser -= 1
                try body(user, hop, reason)
            }
        }
        // A record may be parked between the two questions.
        return max(0, withoutUser)
    }
}
