import Domain
import Glibc
import Ledger

/// The parked records of one or more processes.
final class ParkedFiles: ParkedPort {
    private let paths: [String]
    private let cacheBytes: Int?

    init(paths: [String], cacheBytes: Int? = nil) {
        self.cacheBytes = cacheBytes
        // Two ledgers of one directory share the file of parked records.
        self.paths = Set(paths).sorted()
    }

    func open(_ body: (UserID, OpenParking) throws -> Void) throws -> Int {
        var withoutUser = 0
        // The file appears with the first record that is parked.
        for path in paths where access(path, F_OK) == 0 {
            let reader = try ParkedReader(path: path, cacheBytes: cacheBytes)
            withoutUser += try reader.openCounts().values.reduce(0, +)
            try reader.forEachOpenUser { user, parking in
                withoutUser -= 1
                try body(user, parking)
            }
        }
        // A record may be parked between the two questions.
        return max(0, withoutUser)
    }

    func open(of users: Set<UserID>, _ body: (UserID, OpenParking) throws -> Void) throws {
        guard !users.isEmpty else { return }
        for path in paths where access(path, F_OK) == 0 {
            try ParkedReader(path: path, cacheBytes: cacheBytes).forEachOpenUser(among: users, body)
        }
    }

    func truncatedTables() throws -> [String] {
        var tables: Set<String> = []
        for path in paths where access(path, F_OK) == 0 {
            tables.formUnion(
                try ParkedReader(path: path, cacheBytes: cacheBytes).entries(ParkedFilter(reason: .truncate)).map(\.message))
        }
        return tables.sorted()
    }
}
