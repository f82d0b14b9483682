import ArgumentParser
import Domain
import Glibc
import Ledger

/// The option by which a command is told of the files of parked records, where the settings do not name them all.
struct ParkedFilesOption: ParsableArguments {
    @Option(
        name: .customLong("parked"),
        help: ArgumentHelp(
            "A file of parked records, instead of the settings' ones; repeat it for each process of the pipeline.",
            valueName: "file"))
    var files: [String] = []

    /// A mistyped name must not pass for a process that has parked nothing.
    func check() throws {
        for file in files where access(file, F_OK) != 0 {
            throw CommandError("\(file): there is no such file of parked records (--parked)", status: .usage)
        }
    }
}

/// Parked records of one or several processes.
struct ParkedFiles {
    let paths: [String]

    /// A parked record and the file that it stands in: numbers are given per file.
    struct Entry {
        var path: String
        var entry: ParkedEntry
    }

    /// Those that the filter means, the oldest first.
    ///
    /// Where a process never ran, there is no file.
    func entries(_ filter: ParkedFilter) throws -> [Entry] {
        var found: [Entry] = []
        for path in paths {
            guard let reader = try reader(path) else { continue }
            found += try reader.entries(filter).map { Entry(path: path, entry: $0) }
        }
        guard paths.count > 1 else { return found }
        found.sort { ($0.entry.firstParkedAtMs, $0.path, $0.entry.id) < ($1.entry.firstParkedAtMs, $1.path, $1.entry.id) }
        return Array(found.prefix(filter.limit))
    }

    /// The file in which a record of that number is parked.
    ///
    /// - Throws: `CommandError` where there is none, or more than one.
    func path(of id: Int64) throws -> String {
        let holders = try paths.filter { try reader($0)?.entry(id: id) != nil }
        guard let path = holders.first else {
            throw CommandError(
                "\(paths.joined(separator: ", ")): no record \(id) is parked; `rollcall parked list --all` shows those that are")
        }
        guard holders.count == 1 else {
            throw CommandError(
                "each of \(holders.joined(separator: ", ")) has a record \(id); say by --parked which of them is meant",
                status: .usage)
        }
        return path
    }

    /// How many are open in all files, per reason.
    func openCounts() throws -> [ParkReason: Int] {
        try paths.reduce(into: [:]) { counts, path in
            if let found = try reader(path)?.openCounts() { counts.merge(found, uniquingKeysWith: +) }
        }
    }

    private func reader(_ path: String) throws -> ParkedReader? {
        do {
            return try ParkedReader(path: path)
        } catch let error as LedgerError where error.code == .missing {
            return nil
        }
    }
}
