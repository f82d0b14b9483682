import ArgumentParser
import Reconcile

/// `rollcall verify`
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Calls the roll: proves that every user made it, or names those who did not.",
        discussion: """
            Reads the source, the topics and the ledger in full, also while everything goes on; settles each mismatch behind a \
            fence; writes a report. \
            Exits 0 when all is well and was checked, 1 with differences, 3 when something could not be checked, \
            2 when the run is void, 4 while another run is under way. With --quiet, a clean run prints nothing.
            """)

    /// As of when everyone is to have arrived.
    enum ThroughChoice: String, CaseIterable, ExpressibleByArgument {
        case now
    }

    @Option(
        help: ArgumentHelp(
            "now: for a cutover, once writes have stopped. Waits until the pipeline has drained, then proves everyone; incomplete when "
                + "a change event arrives after that.", valueName: "moment"))
    var through: ThroughChoice?

    @OptionGroup var options: RunOptions
    @OptionGroup var announcement: AnnouncementOptions
    @OptionGroup var global: GlobalOptions

    func run() throws {
        var reach = PlanSettings()
        reach.expectsStandstill = through == .now
        try RunWork(name: "verify", options: options, announcement: announcement, global: global).run { _ in reach }
    }
}
