import ArgumentParser
import Domain
import Glibc
import Ledger
import Report

/// `rollcall forget`
struct ForgetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Removes a user's traces from ledger, parked records, history and reports.",
        discussion: """
            Delete the user in MySQL first, and let the pipeline write the tombstones; then stop `rollcall stream`, whose files are \
            changed here. Verdicts and counts of past runs stay: they name nobody. At its end it lists what it cannot reach. \
            Exits 0 when all of its files are done, 1 when some could not be read or a parked record has to be looked at, 4 while \
            a pipeline or a run holds a file.
            """)

    @Argument(help: ArgumentHelp("The user id; put -- before one that begins with a dash.", valueName: "user"))
    var user: String

    @OptionGroup var ledgers: LedgerFilesOption

    @Option(
        name: .customLong("parked"),
        help: ArgumentHelp("A parked record that names no user and is about this one; repeatable.", valueName: "id"))
    var parkedIDs: [Int64] = []

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try ledgers.check()
        let settings = try global.prepare(needs: [.userID, .changes, .kafka, .ledger, .reports])
        let user = try settings.userIDKind.argument(user)
        let traces = try UserTraces(settings, ledgers: ledgers.files)
        let place = Latest("opening the files")
        let outcome = try BusyLine.during(
            { elapsedMs in "forget: \(place.word), \(PlainText.duration(milliseconds: elapsedMs))" },
            { try traces.remove(user, parkedIDs: Set(parkedIDs), commands: global.commands, onPlace: place.say) })
        try show(outcome, settings)
        if !outcome.isDone { throw ExitCode(ExitStatus.differences.rawValue) }
    }

    private func show(_ outcome: UserTraces.Outcome, _ settings: EffectiveSettings) throws {
        let beyond = try Self.beyondReach(settings)
        if global.json {
            try Console.shared.output([
                "files": .array(outcome.files.map { ["path": .string($0.path), "rows": .number($0.rows)] }),
                "reports": .array(outcome.reports.rewritten.map { .string($0.text) }),
                "report_findings": .number(outcome.reports.findings),
                "unreadable": .array(outcome.reports.unreadable.map { .string($0) }),
                "unattributed_parked": .array(outcome.unattributed.map { .number($0) }),
                "beyond_reach": .array(beyond.map { .string($0) }), "done": .bool(outcome.isDone),
            ])
            return
        }
        var lines = outcome.files.map { "\($0.path): \(PlainText.count($0.rows, "row")) removed" }
        lines.append(
            "reports: \(PlainText.count(outcome.reports.rewritten.count, "report")) written anew, "
                + "\(PlainText.count(outcome.reports.findings, "finding")) removed")
        lines += outcome.reports.unreadable.map { "\($0): cannot be read, so look yourself, or delete it" }
        for id in outcome.unattributed {
            lines.append(
                "parked record \(id) names no user, and holds this id as a word: see `rollcall parked show \(id) --reveal`; "
                    + "`--parked \(id)` removes it")
        }
        lines.append("Not within reach:")
        lines += beyond.map { "  - \($0)" }
        try Console.shared.output(lines.map { PlainText.visible($0) + "\n" }.joined())
    }

    /// What holds, or may hold, the user beyond the files of this machine.
    private static func beyondReach(_ settings: EffectiveSettings) throws -> [String] {
        let topics = EffectiveSettings.keys.kafka.topics
        let changes = try settings.value(EffectiveSettings.keys.changes).map(\.topic).joined(separator: ", ")
        return [
            "the row in MySQL and its binary log; delete it there first",
            "the change topics \(changes): their retention removes the events",
            "the topics \(try settings.value(topics.control)) (users of a replay), \(try settings.value(topics.signals)), \(try settings.value(topics.aggregate)) and "
                + "\(try settings.value(topics.god)): once the row is deleted the pipeline writes tombstones, and compaction removes the rest",
            "the mapping service, and whoever reads the God topic",
            "copies: backups, file system snapshots and freed disk blocks, mails of cron, logs of `rollcall stream`",
        ]
    }
}

/// The files of this machine that can name a user.
struct UserTraces {
    private let ledgerPaths: [String]
    private let parkedPaths: [String]
    private let historyPath: String
    private let journalPath: String
    private let reportsDirectory: String

    struct Outcome {
        var files: [Erasure] = []
        var reports = ReportStore.Forgetting()
        /// Parked records that only a person can attribute.
        var unattributed: [Int64] = []

        var isDone: Bool { reports.unreadable.isEmpty && unattributed.isEmpty }
    }

    /// - Parameter ledgers: The ledgers of all processes of the pipeline; empty means the settings' one.
    init(_ settings: EffectiveSettings, ledgers: [String]) throws {
        let ledgers = try ledgers.isEmpty ? [settings.value(EffectiveSettings.keys.ledger.file)] : ledgers
        // A rebuild keeps the ledger that it replaces.
        ledgerPaths = ledgers.flatMap { [$0, $0 + ".replaced"] }
        let parked = try settings.parkedPaths() + ledgers.map(EffectiveSettings.parkedPath(besideLedger:))
        parkedPaths = parked.enumerated().filter { !parked[..<$0.offset].contains($0.element) }.map(\.element)
        historyPath = try settings.historyPath
        journalPath = EffectiveSettings.journalPath(besideHistory: historyPath)
        reportsDirectory = try settings.value(EffectiveSettings.keys.reports.directory)
    }

    /// Removes the user from all of them. Every lock is taken before the first row goes.
    ///
    /// - Parameter onPlace: Called with where the work has come to, in words.
    /// - Throws: ``LedgerError``, ``ReportError``.
    func remove(
        _ user: UserID, parkedIDs: Set<Int64>, commands: Commands, onPlace: (String) -> Void
    ) throws -> Outcome {
        let ledgers = try ledgerPaths.filter(Self.exists).map { path in
            try LedgerWriter(path: path, godTopic: try LedgerReader(path: path).identity.godTopic)
        }
        let parked = try parkedPaths.filter(Self.exists).map { try ParkedStore(path: $0) }
        let history = Self.exists(historyPath) ? try History(path: historyPath, access: .readWrite) : nil
        var outcome = Outcome()
        let fileCount = ledgers.count + parked.count + (history == nil ? 0 : 1)
        func announce(_ path: String) {
            onPlace("file \(outcome.files.count + 1) of \(fileCount), \(PlainText.visible(path))")
        }
        for ledger in ledgers {
            announce(ledger.path)
            outcome.files.append(try ledger.forget(user))
        }
        for store in parked {
            announce(store.path)
            outcome.files.append(try store.forget(user, alsoIDs: parkedIDs))
            outcome.unattributed += try store.unattributed(mentioning: user)
        }
        if let history {
            announce(historyPath)
            outcome.files.append(try history.forget(user))
        }
        // What an interrupted scan had read holds ids of everyone; without it, that scan begins anew.
        unlink(journalPath)
        onPlace("the reports in \(PlainText.visible(reportsDirectory))")
        outcome.reports = try ReportStore(directory: reportsDirectory).forget(user, commands: commands)
        return outcome
    }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
}
