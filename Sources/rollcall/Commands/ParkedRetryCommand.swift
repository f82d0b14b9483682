import ArgumentParser
import Domain
import Ledger
import Reconcile
import Report

/// `rollcall parked retry`
struct ParkedRetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Sends the users of open parked records through the pipeline again.",
        discussion: """
            Publishes one signal per user; old bytes are never replayed. A running pipeline reads the user anew, and closes the \
            record when that succeeds.
            """)

    @OptionGroup var filter: ParkedFilterOptions

    @OptionGroup var parked: ParkedFilesOption

    @OptionGroup var global: GlobalOptions

    func run() throws {
        try parked.check()
        let settings = try global.prepare(needs: [.source, .userID, .kafka, .ledger, .log])
        let entries = try ParkedFiles(paths: try settings.parkedPaths(named: parked.files))
            .entries(filter.filter(states: [.open], limit: .max)).map(\.entry)
        let users = Set(entries.compactMap(\.user))
        let nameless = entries.count { $0.user == nil }
        if !users.isEmpty {
            try Repair(
                source: try settings.source(), kafkaProperties: try settings.kafkaProperties,
                signalsTopic: try settings.value(EffectiveSettings.keys.kafka.topics.signals)
            ).publish(users.sorted(), cause: .retry)
        }
        if nameless > 0 {
            Console.shared.complain(
                "rollcall: warning: \(PlainText.count(nameless, "record")) cannot be tried again, because no user could be read "
                    + "from them; look at them with `rollcall parked list`, and drop those that do not matter")
        }
        if global.json {
            try Console.shared.output(["published": .number(users.count), "without_user": .number(nameless)])
        } else {
            Console.shared.note(users.isEmpty ? "nothing to try again" : "sent \(PlainText.count(users.count, "signal"))")
        }
    }
}
