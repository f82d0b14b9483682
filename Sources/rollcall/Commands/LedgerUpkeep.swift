import ArgumentParser
import Domain
import Ledger
import Pipeline
import Report

/// `rollcall ledger prune`
struct LedgerPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Deletes productions that newer ones have superseded.",
        discussion: """
            Keeps each user's newest production; what `verify` says does not change. Stop the pipeline first: the ledger has one \
            writer. Compacting the file takes about its size again on the disk for a while; without that room, the space is \
            used again by later productions instead.
            """)

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.ledger], overrides: [ledger.override])
        let path = try settings.value(EffectiveSettings.keys.ledger.file)
        // A writer would create a ledger where there is none.
        let topic = try LedgerReader(path: path).identity.godTopic
        let writer = try LedgerWriter(path: path, godTopic: topic)
        defer { writer.close() }
        let outcome = try BusyLine.during("pruning", file: path) { try writer.prune() }
        if let error = outcome.compactionError {
            Console.shared.complain("rollcall: warning: the file could not be made smaller: \(error)")
        }
        if global.json {
            try Console.shared.output([
                "path": .string(path), "deleted": .number(outcome.deleted), "kept": .number(outcome.kept),
                "bytes_before": .number(outcome.sizeBeforeBytes), "bytes_after": .number(outcome.sizeAfterBytes),
                "compacted": .bool(outcome.compactionError == nil),
            ])
        } else {
            Console.shared.note(
                "deleted \(PlainText.count(outcome.deleted, "superseded production")), kept \(PlainText.grouped(outcome.kept)); "
                    + "\(PlainText.grouped(Int(outcome.sizeBeforeBytes))) bytes became \(PlainText.grouped(Int(outcome.sizeAfterBytes)))"
            )
        }
    }
}

/// `rollcall ledger rebuild`
struct LedgerRebuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Makes the ledger anew from the God topic alone.",
        discussion: """
            Restores each live user's newest production exactly, by the headers of the God objects. Productions that compaction has \
            taken are gone. One rebuilt ledger lists the productions of all processes.
            """)

    @Flag(help: "Replaces a ledger that is there; it is kept beside the new one, with `.replaced` added to its name.")
    var force = false

    @OptionGroup var ledger: LedgerOption
    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(
            needs: [.source, .userID, .changes, .kafka, .pipeline, .ledger, .log], overrides: [ledger.override])
        let pipeline = try settings.pipeline()
        StopSignals.install()
        let line = ProgressLine()
        let startedAtMs = ProgressLine.nowMs()
        let result = Result {
            try LedgerRebuild(settings: pipeline).run(replaces: force) {
                StopSignals.isStopRequested
            } onProgress: { done, total in
                line.update {
                    Pace.text("rebuild", done, of: total, unit: "offsets", elapsedMs: ProgressLine.nowMs() - startedAtMs)
                }
            }
        }
        line.end()
        do {
            guard let outcome = try result.get() else {
                throw ExitCode((StopSignals.exitStatus ?? .interrupted).rawValue)
            }
            try show(outcome, pipeline.ledgerPath)
        } catch let error as LedgerError where error.code == .exists {
            throw CommandError("\(error); --force replaces it, and keeps it under another name")
        }
    }

    private func show(_ outcome: LedgerRebuild.Outcome, _ path: String) throws {
        if global.json {
            try Console.shared.output([
                "path": .string(path), "productions": .number(outcome.productions), "replaced": .string(outcome.replaced),
            ])
            return
        }
        Console.shared.note("\(path) lists \(PlainText.count(outcome.productions, "production"))")
        if let replaced = outcome.replaced { Console.shared.note("the ledger that was there is \(replaced) now") }
    }
}
