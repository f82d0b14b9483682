import ArgumentParser
import Domain
import Ledger
import Report

/// `rollcall parked`
struct ParkedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parked",
        abstract: "Records that could not be processed, with the reason.",
        subcommands: [ParkedListCommand.self, ParkedShowCommand.self, ParkedRetryCommand.self, ParkedDropCommand.self])

    @OptionGroup var global: GlobalOptions
}

/// Which parked records a command means.
struct ParkedFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Only those that this hop parked.", valueName: "hop"))
    var hop: Hop?

    @Option(help: ArgumentHelp("Only those with this reason.", valueName: "reason"))
    var reason: ParkReason?

    @Option(help: ArgumentHelp("Only those of this user.", valueName: "id"))
    var user: String?

    func filter(states: Set<ParkedState>, limit: Int) -> ParkedFilter {
        ParkedFilter(states: states, hop: hop, reason: reason, user: user.map { UserID($0) }, limit: limit)
    }
}

/// `rollcall parked list`
struct ParkedListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists parked records, the oldest first.",
        discussion: "With --json, one line of JSON per record.")

    @Flag(help: "Also those that a later success closed or somebody dropped.")
    var all = false

    @OptionGroup var filter: ParkedFilterOptions

    @Option(help: ArgumentHelp("At most so many.", valueName: "count"))
    var limit = 1_000

    @OptionGroup var parked: ParkedFilesOption

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit has to be at least 1") }
    }

    func run() throws {
        try parked.check()
        let files = ParkedFiles(paths: try global.prepare(needs: [.ledger]).parkedPaths(named: parked.files))
        let entries = try files.entries(filter.filter(states: all ? Set(ParkedState.allCases) : [.open], limit: limit))
        if global.json {
            for entry in entries { try Console.shared.output(entry.entry.json(in: entry.path)) }
            return
        }
        guard !entries.isEmpty else {
            Console.shared.note("nothing is parked")
            return
        }
        let isOfSeveral = files.paths.count > 1
        var table = TextTable(
            header: (isOfSeveral ? ["FILE"] : []) + ["ID", "PARKED", "HOP", "USER", "RECORD", "ATTEMPTS", "REASON", "MESSAGE"])
        for entry in entries { table.add((isOfSeveral ? [entry.path] : []) + entry.entry.cells) }
        try Console.shared.output(table.text)
        if entries.count == limit { Console.shared.note("the first \(limit); --limit shows more") }
    }
}

/// `rollcall parked drop`
struct ParkedDropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Decides that parked records do not matter.",
        discussion: "They stay in the file, and no longer count as differences. A pipeline may run meanwhile.")

    @Argument(help: ArgumentHelp("The records, by the numbers that `parked list` shows.", valueName: "id"))
    var ids: [Int64]

    @OptionGroup var parked: ParkedFilesOption

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try parked.check()
        let files = ParkedFiles(paths: try global.prepare(needs: [.ledger]).parkedPaths(named: parked.files))
        // All are looked for before any is dropped.
        let idsByPath = try Dictionary(grouping: ids) { try files.path(of: $0) }
        var dropped = 0
        for (path, ids) in idsByPath { dropped += try ParkedStore(path: path, access: .shared).drop(ids: ids) }
        if global.json {
            try Console.shared.output(["dropped": .number(dropped)])
        } else {
            Console.shared.note("dropped \(PlainText.count(dropped, "record"))")
        }
    }
}

extension Hop: ExpressibleByArgument {}
extension ParkReason: ExpressibleByArgument {}

extension ParkedEntry {
    fileprivate var cells: [String] {
        [
            String(id), UTCTime(millisecondsSince1970: lastParkedAtMs).description, hop.rawValue, user?.text ?? "-",
            "\(topic) \(address.partition):\(address.offset)", String(attempts),
            reason.rawValue + (state == .open ? "" : " (\(state.rawValue))"),
            message,
        ]
    }

    fileprivate func json(in path: String) -> JSONValue {
        .object([.init("file", .string(path))] + (json.members ?? []))
    }

    var json: JSONValue {
        func moment(_ milliseconds: Int64?) -> JSONValue {
            .string(milliseconds.map { UTCTime(millisecondsSince1970: $0).description })
        }
        return [
            "id": .number(id), "hop": .string(hop.rawValue), "topic": .string(topic), "partition": .number(address.partition),
            "offset": .number(address.offset), "timestamp": timestampMs < 0 ? nil : moment(timestampMs),
            "user": .string(user?.text), "reason": .string(reason.rawValue), "message": .string(message),
            "attempts": .number(attempts), "first_parked_at": moment(firstParkedAtMs), "last_parked_at": moment(lastParkedAtMs),
            "state": .string(state.rawValue), "ended_at": moment(endedAtMs), "key_bytes": .number(keySizeBytes),
            "value_bytes": .number(valueSizeBytes),
        ]
    }
}
