import ArgumentParser
import Domain
import Pipeline
import Report

/// `rollcall replay`
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Enriches users once more, because the mapping service has changed.",
        discussion: """
            Reads the aggregate topic, and not MySQL. The request goes to the control topic; the running pipeline does the work, each \
            process for the partitions that it owns. Where no pipeline answers, this command joins the group as a worker, with the \
            ledger of its settings, until the work is done. Ctrl-C ends the watching, and not the replay: --resume goes on with it.
            """)

    @Flag(help: "All users.")
    var all = false

    @Option(help: ArgumentHelp("The users in this file, one per line; - is standard input.", valueName: "file"))
    var users: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Users whose aggregate was written since then: 2026-11-22T08:00:00Z, or an age such as 90m, 6h or 2d. "
                + "Go back a little further than the pipeline lagged.", valueName: "time"))
    var since: String?

    @Flag(help: "Goes on with the replays that are open, and asks for none.")
    var resume = false

    @Option(help: ArgumentHelp("Takes an open replay back; what is enriched by then stays so.", valueName: "id"))
    var cancel: String?

    @Flag(help: "Asks, and does not wait. A running pipeline, or the next one to start, does the work.")
    var detach = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard [all, users != nil, since != nil, resume, cancel != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("say who is meant: --all, --users FILE or --since TIME (or --resume, or --cancel ID)")
        }
        if let since, ReplayTime.milliseconds(since, nowMs: 0) == nil {
            throw ValidationError(
                "--since \(since): has to be a time such as 2026-11-22T08:00:00Z, or an age such as 90m, 6h or 2d")
        }
    }

    func run() throws {
        let settings = try global.prepare(needs: EffectiveSettings.areasToStream([.enricher]))
        let users = try users.map { try ReplayUsers.read($0, kind: try settings.userIDKind) }
        StopSignals.install()
        let pipeline = try settings.pipeline()
        let control = try ReplayControl(settings: pipeline)
        defer { control.close() }
        if let cancel { return try takeBack(cancel, control) }
        let requests = try requests(control, users: users)
        guard !requests.isEmpty else {
            if global.json { try Console.shared.output(["requests": [], "done": true]) }
            Console.shared.note("no replay is open")
            return
        }
        if detach {
            if global.json {
                try Console.shared.output(["requests": .array(requests.map { .string($0.id) }), "done": false])
            }
            Console.shared.note("asked for replay \(requests.map(\.id).joined(separator: ", ")); --resume watches it")
            return
        }
        let work = ReplayWork(control: control, settings: pipeline, mapping: try settings.mapping())
        let outcome = try work.finish(requests)
        try show(outcome, requests)
        guard outcome.isDone else { throw ExitCode((StopSignals.exitStatus ?? .interrupted).rawValue) }
    }

    private func requests(_ control: ReplayControl, users: Set<UserID>?) throws -> [ReplayRequest] {
        guard resume else {
            let sinceMs = since.flatMap { ReplayTime.milliseconds($0, nowMs: UTCTime.now().millisecondsSince1970) }
            return [try control.publish(users: users, sinceMs: sinceMs)]
        }
        let open = control.open
        for request in open { try control.ask(for: request) }
        return open
    }

    private func takeBack(_ id: String, _ control: ReplayControl) throws {
        guard control.open.contains(where: { $0.id == id }) else {
            let open = control.open.map(\.id).joined(separator: ", ")
            throw CommandError("no replay \(id) is open\(open.isEmpty ? "" : "; there is \(open)")")
        }
        try control.cancel(id)
        if global.json { try Console.shared.output(["cancelled": .string(id)]) }
        Console.shared.note("took replay \(id) back")
    }

    private func show(_ outcome: ReplayWork.Outcome, _ requests: [ReplayRequest]) throws {
        if global.json {
            try Console.shared.output([
                "requests": .array(requests.map { .string($0.id) }), "done": .bool(outcome.isDone),
                "records": .number(outcome.records), "joined": .bool(outcome.hasJoined),
                "enriched_here": .number(outcome.enrichedHere), "milliseconds": .number(outcome.milliseconds),
            ])
            return
        }
        if outcome.isDone {
            let here = outcome.hasJoined ? ", \(PlainText.count(outcome.enrichedHere, "God object")) made here" : ""
            Console.shared.note(
                "replayed \(PlainText.count(Int(outcome.records), "offset")) of the aggregate topic in "
                    + "\(PlainText.duration(milliseconds: outcome.milliseconds))\(here)")
        } else {
            Console.shared.note(
                "the replay is still open: a running pipeline goes on with it, and so does `rollcall replay --resume`")
        }
    }
}

/// What `--since` may say.
enum ReplayTime {
    /// Milliseconds since 1970; nil where the text is neither a time nor an age.
    static func milliseconds(_ text: String, nowMs: Int64) -> Int64? {
        if let time = UTCTime(text) { return time.millisecondsSince1970 }
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()), (1...1_000_000).contains(count)
        else { return nil }
        return nowMs - count * unit
    }
}

/// What `--users` may hold.
enum ReplayUsers {
    static func read(_ path: String, kind: UserIDKind) throws -> Set<UserID> {
        let bytes: [UInt8]
        switch readFile(path == "-" ? "/dev/stdin" : path) {
        case .success(let read): bytes = read
        case .failure(let error): throw CommandError("\(path): \(error)", status: .usage)
        }
        var users: Set<UserID> = []
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let end = line.last == 0x0D ? line.dropLast() : line
            guard !end.isEmpty else { continue }
            guard let text = String(validating: end, as: UTF8.self), let user = try? kind.parse(text) else {
                throw CommandError("\(path):\(number + 1): not a user id of type \(kind.rawValue)", status: .usage)
            }
            users.insert(user)
        }
        guard !users.isEmpty else { throw CommandError("\(path): names no user", status: .usage) }
        return users
    }
}
