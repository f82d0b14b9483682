import ArgumentParser
import Domain
import Glibc
import Ledger
import Report

/// `rollcall ledger`
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "The file that lists every God object produced.",
        subcommands: [LedgerStatCommand.self, LedgerCheckCommand.self, LedgerPruneCommand.self, LedgerRebuildCommand.self])

    @OptionGroup var global: GlobalOptions
}

/// The option by which a command is told of the ledgers of all processes of a pipeline.
struct LedgerFilesOption: ParsableArguments {
    @Option(
        name: .customLong("ledger"),
        help: ArgumentHelp(
            "A ledger, instead of the settings' one; repeat it for each process of the pipeline.", valueName: "file"))
    var files: [String] = []

    /// A mistyped name is a mistake in the call, and no run that failed.
    func check() throws {
        for file in files where access(file, F_OK) != 0 {
            throw CommandError("\(file): there is no such ledger (--ledger)", status: .usage)
        }
    }
}

/// The option by which a command is told of another ledger than the settings'.
struct LedgerOption: ParsableArguments {
    @Option(help: ArgumentHelp("The ledger; instead of ledger.path of the settings.", valueName: "file"))
    var ledger: String?

    /// What the option says, as a setting.
    var override: SettingOverride? { .flag("--ledger", EffectiveSettings.keys.ledger.file.path, ledger) }
}

/// `rollcall ledger stat`
struct LedgerStatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Counts what the ledger lists.",
        discussion: "Reads the whole file; a pipeline may go on writing meanwhile.")

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.ledger], overrides: [ledger.override])
        let reader = try LedgerReader(path: try settings.value(EffectiveSettings.keys.ledger.file))
        let statistics = try BusyLine.during("counting", file: reader.path) { try reader.statistics() }
        if global.json {
            try Console.shared.output(statistics.json(path: reader.path, identity: reader.identity))
        } else {
            try Console.shared.output(statistics.text(path: reader.path, identity: reader.identity))
        }
    }
}

/// `rollcall ledger check`
struct LedgerCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Examines the ledger file and every production in it.",
        discussion: """
            Exits 0 where the ledger can be trusted, 1 where it cannot, 2 where the check could not be done. \
            A pipeline may go on writing meanwhile.
            """)

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.ledger], overrides: [ledger.override])
        let reader = try LedgerReader(path: try settings.value(EffectiveSettings.keys.ledger.file))
        let problems = try BusyLine.during("checking", file: reader.path) { try reader.check() }
        let isSound = !problems.contains(where: \.isSerious)
        if global.json {
            try Console.shared.output([
                "path": .string(reader.path), "ok": .bool(isSound),
                "problems": .array(
                    problems.map {
                        ["code": .string($0.code.rawValue), "serious": .bool($0.isSerious), "message": .string($0.message)]
                    }),
            ])
        } else {
            for problem in problems {
                try Console.shared.output("\(problem.isSerious ? "problem" : "note"): \(PlainText.visible(problem.message))\n")
            }
            let verdict = isSound ? "ok" : "must not be trusted; move it away and rebuild it from the God topic"
            try Console.shared.output("\(PlainText.visible(reader.path)): \(verdict)\n")
        }
        if !isSound { throw ExitCode(ExitStatus.differences.rawValue) }
    }
}

extension LedgerStatistics {
    fileprivate func text(path: String, identity: LedgerIdentity) -> String {
        func moment(_ milliseconds: Int64?) -> String {
            milliseconds.map { UTCTime(millisecondsSince1970: $0).description } ?? "-"
        }
        var table = TextTable()
        table.add(["ledger", path])
        table.add(["id", identity.ledgerID])
        table.add(["god topic", identity.godTopic])
        table.add(["productions", PlainText.grouped(productions)])
        table.add([
            "users", "\(PlainText.grouped(users)) (\(PlainText.grouped(live)) live, \(PlainText.grouped(tombstones)) tombstones)",
        ])
        table.add(["first", moment(firstProducedAtMs)])
        table.add(["last", moment(lastProducedAtMs)])
        table.add(["size", "\(PlainText.grouped(Int(fileSizeBytes))) bytes, log \(PlainText.grouped(Int(logSizeBytes))) bytes"])
        for (partition, offset) in highestGodOffsets.sorted(by: { $0.key < $1.key }) {
            table.add(["partition \(partition)", "highest offset \(offset)"])
        }
        return table.text
    }

    fileprivate func json(path: String, identity: LedgerIdentity) -> JSONValue {
        func moment(_ milliseconds: Int64?) -> JSONValue {
            .string(milliseconds.map { UTCTime(millisecondsSince1970: $0).description })
        }
        return [
            "path": .string(path), "ledger_id": .string(identity.ledgerID), "god_topic": .string(identity.godTopic),
            "productions": .number(productions), "users": .number(users), "live": .number(live),
            "tombstones": .number(tombstones), "first_produced_at": moment(firstProducedAtMs),
            "last_produced_at": moment(lastProducedAtMs), "file_bytes": .number(fileSizeBytes),
            "log_bytes": .number(logSizeBytes),
            "highest_god_offsets": .object(
                highestGodOffsets.sorted { $0.key < $1.key }.map { .init(String($0.key), .number($0.value)) }),
        ]
    }
}
