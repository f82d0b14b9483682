import Domain
import Glibc
import Ledger

/// The ledgers of one or more processes, and the parked records beside them.
final class LedgerFiles: LedgerPort {
    private struct Followed {
        let reader: LedgerReader
        var lastID: Int64 = 0
    }

    private var ledgers: [Followed]
    private let parkedPaths: [String]

    init(paths: [String], parkedPaths: [String]) throws {
        ledgers = try paths.map { Followed(reader: try LedgerReader(path: $0)) }
        self.parkedPaths = parkedPaths
    }

    func readNew(_ body: (Production) throws -> Void) throws {
        for index in ledgers.indices {
            ledgers[index].lastID = try ledgers[index].reader.fold(after: ledgers[index].lastID) { try body($0) }
        }
    }

    func openParked() throws -> ParkedUsers {
        var parked = ParkedUsers()
        // The file appears with the first record that is parked.
        for path in parkedPaths where access(path, F_OK) == 0 {
            let reader = try ParkedReader(path: path)
            try reader.forEachOpenUser { user, hop, reason in parked.users[user, default: [:]][hop] = reason }
            parked.recordsWithoutUser += try reader.entries(ParkedFilter(states: [.open])).count { $0.user == nil }
        }
        return parked
    }
}
