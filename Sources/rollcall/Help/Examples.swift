/// A call that does something useful, and what it does.
struct Example: Sendable {
    var call: String
    var purpose: String

    init(_ call: String, _ purpose: String) {
        self.call = call
        self.purpose = purpose
    }
}

/// The examples of each command: help texts and the manual show them, and a test parses each one.
enum Examples {
    /// A group without examples of its own shows the first one of each of its commands.
    static func of(_ words: [String]) -> [Example] {
        let name = words.joined(separator: " ")
        if let own = table.first(where: { $0.0 == name }) { return own.1 }
        let children = CommandNode.root.all.first { $0.words == words }?.children ?? []
        return children.compactMap { of($0.words).first }
    }

    /// By command, in the order of the root's help.
    static let table: [(String, [Example])] = pipeline + verdicts + upkeep + preconditions

    private static let pipeline: [(String, [Example])] = [
        (
            "rollcall",
            [
                Example("rollcall demo", "the whole story on an embedded stack, in two minutes"),
                Example("rollcall config example > rollcall.yaml", "a settings file in which every key is explained"),
                Example("rollcall verify", "calls the roll, once"),
                Example("rollcall explain 42", "the whole life of one user"),
            ]
        ),
        (
            "rollcall demo",
            [
                Example("rollcall demo --users 20000", "the same story with more users"),
                Example("rollcall demo --keep", "leaves the stack up, to try the other commands against it"),
            ]
        ),
        (
            "rollcall stream",
            [
                Example("rollcall stream --config /etc/rollcall/rollcall.yaml", "the pipeline, as a service runs it"),
                Example("rollcall stream --set admin.listen=127.0.0.1:9464", "the same, watched by Prometheus"),
            ]
        ),
        (
            "rollcall replay",
            [
                Example("rollcall replay --all", "enriches everybody again, after the mapping service has changed"),
                Example("rollcall replay --since 6h --detach", "asks for those of the last six hours, and does not wait"),
            ]
        ),
    ]

    private static let verdicts: [(String, [Example])] = [
        (
            "rollcall verify",
            [
                Example("rollcall verify", "everybody, once; after writes have stopped, exit 0 is the word to cut over"),
                Example("rollcall verify --stage aggregate", "the aggregate topic alone, whoever fills it"),
                Example(
                    "rollcall verify --quiet --notify @/etc/rollcall/webhook.url", "as a nightly job: silent while all is well"),
            ]
        ),
        (
            "rollcall reconcile",
            [
                Example(
                    "rollcall reconcile --quiet", "the nightly run: what changed since the last one, and a slice of the rest"),
                Example("rollcall reconcile --json", "the report itself on standard output"),
            ]
        ),
        (
            "rollcall gate",
            [
                Example("rollcall gate --max-age 24h", "exit 0 only if a complete and clean run is that fresh"),
                Example("rollcall gate --max-age 24h --full-within 7d", "and a full one within the week"),
            ]
        ),
        ("rollcall report list", [Example("rollcall report list", "the runs, the newest first")]),
        (
            "rollcall report show",
            [
                Example("rollcall report show", "the first screen of the newest run"),
                Example("rollcall report show --run latest --format csv > findings.csv", "every finding, for a spreadsheet"),
            ]
        ),
        ("rollcall report open", [Example("rollcall report open", "the newest run in a browser")]),
        (
            "rollcall report diff",
            [
                Example(
                    "rollcall report diff 20261121T031500Z-4f2a 20261122T031500Z-91c0",
                    "who is new, who stayed and who healed between them"
                )
            ]
        ),
        (
            "rollcall report prune",
            [
                Example(
                    "rollcall report prune --keep 30 --older-than 90d --dry-run",
                    "names what is old and not among the newest thirty"),
                Example("rollcall report prune", "deletes by the rules of the settings"),
            ]
        ),
        (
            "rollcall explain",
            [
                Example("rollcall explain 42", "row, aggregate, productions and God object of user 42"),
                Example("rollcall explain --json -- -7", "the same of user -7, as JSON"),
            ]
        ),
        (
            "rollcall repair",
            [
                Example("rollcall repair --run latest --dry-run", "names the users who would be signalled"),
                Example("rollcall repair --run latest", "signals and re-verifies them"),
                Example("rollcall repair --user 42", "one user, whatever any report says"),
            ]
        ),
    ]

    private static let upkeep: [(String, [Example])] = [
        (
            "rollcall parked list",
            [
                Example("rollcall parked list", "what could not be processed, and why"),
                Example("rollcall parked list --reason mapping_failed --json", "those of one reason, one line of JSON each"),
            ]
        ),
        (
            "rollcall parked show",
            [
                Example("rollcall parked show 7", "one record: where it came from, why it is parked, sizes and digests"),
                Example("rollcall parked show 7 --reveal --raw > record.bin", "the bytes of its value"),
            ]
        ),
        ("rollcall parked retry", [Example("rollcall parked retry", "sends a signal for each, once the reason is mended")]),
        ("rollcall parked drop", [Example("rollcall parked drop 7 8", "decides that these do not matter")]),
        ("rollcall ledger stat", [Example("rollcall ledger stat", "productions, users, times and size")]),
        ("rollcall ledger check", [Example("rollcall ledger check", "exit 0 if the ledger can be trusted")]),
        ("rollcall ledger prune", [Example("rollcall ledger prune", "makes the file small again; stop the pipeline first")]),
        (
            "rollcall ledger rebuild",
            [Example("rollcall ledger rebuild --force", "makes it anew from the God topic, and keeps the old one")]
        ),
        (
            "rollcall forget",
            [
                Example("rollcall forget 42", "removes user 42 from every file of this machine"),
                Example("rollcall forget 42 --parked 7", "and a parked record that names nobody"),
            ]
        ),
    ]

    private static let preconditions: [(String, [Example])] = [
        ("rollcall doctor", [Example("rollcall doctor", "what would go wrong, and what mends it, before it does")]),
        (
            "rollcall connector render",
            [Example("rollcall connector render > connector.json", "the connector's configuration, to look at")]
        ),
        ("rollcall connector apply", [Example("rollcall connector apply", "gives it to Kafka Connect")]),
        (
            "rollcall connector status",
            [Example("rollcall connector status", "what Kafka Connect says, and whether it is to be believed")]
        ),
        (
            "rollcall config check",
            [Example("rollcall config check --config /etc/rollcall/rollcall.yaml", "all mistakes at once")]
        ),
        ("rollcall config show", [Example("rollcall config show --json", "what holds, and where it came from")]),
        ("rollcall config example", [Example("rollcall config example > rollcall.yaml", "a file to begin with")]),
    ]
}
