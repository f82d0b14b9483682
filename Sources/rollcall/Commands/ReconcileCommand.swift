import ArgumentParser
import Reconcile

/// `rollcall reconcile`
struct ReconcileCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Calls the roll of whoever changed since the last run, and of a slice of the rest: the nightly run.",
        discussion: """
            Looks at every user whom the topics or ledgers mention since the last complete run, at everyone with an earlier \
            finding, and at a slice of the keys, which moves on from run to run; at everyone every verify.full_every runs, and \
            whenever what is known of earlier runs does not hold any more, which the report then says. \
            Exits like verify; with --quiet, a clean run prints nothing.
            """)

    @Flag(help: "Looks at everyone this time.")
    var full = false

    @OptionGroup var options: RunOptions
    @OptionGroup var announcement: AnnouncementOptions
    @OptionGroup var global: GlobalOptions

    func run() throws {
        try RunWork(name: "reconcile", options: options, announcement: announcement, global: global).run { settings in
            try settings.reconcileReach(full: full)
        }
    }
}
