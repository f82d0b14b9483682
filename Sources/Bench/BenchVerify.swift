import ArgumentParser
import Domain
import Foundation

/// `bench verify`: a full `rollcall verify --stage aggregate` against raw dumps of the two sides that it reads.
struct BenchVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Times verify against a raw dump of the query and one of the topic, run at the same time.",
        discussion: """
            Starts a private MariaDB and a broker, fills both with the same users, and runs dumps and verification in turn. What \
            counts is the ratio within one run: absolute times are those of this machine at this time.
            """)

    @Option(help: "How many users there are.")
    var users = 1_000_000

    @Option(help: "How often each of the two is run; medians are shown.")
    var rounds = 3

    @Option(help: "Partitions of the aggregate topic; by default one for every 150,000 users, and at least 24.")
    var partitions: Int?

    @Option(help: "Budgets to verify with, as verify's --memory takes them, such as 64MB; repeatable.")
    var memory: [String] = ["64MB"]

    @Option(help: "Users whose rows differ from their aggregates, each of whom verify has to name.")
    var differences = 0

    @Flag(
        help: "Also times reladiff and pt-table-sync comparing the same rows with a copy of the topic that was folded for them.")
    var peers = false

    @Flag(help: "The figures as JSON on standard output.")
    var json = false

    func validate() throws {
        guard users > 0, rounds > 0 else { throw ValidationError("--users and --rounds have to be 1 or more") }
        guard (0...users).contains(differences) else { throw ValidationError("--differences cannot be more than --users") }
    }

    func run() throws {
        // librdkafka's broker keeps 5 MiB per partition: with too few of them it would forget the first users.
        let world = try VerifyWorld(users: users, partitions: partitions ?? max(24, users / 150_000 + 1))
        if differences > 0 { try world.edit(differences) }
        let idle = try Measured.idleMemory(world.rollcall)
        var dumps: [DumpTimes] = []
        var runs: [String: [VerifyTimes]] = [:]
        for round in 1...rounds {
            Self.tell("round \(round) of \(rounds): raw dumps")
            dumps.append(try world.dump())
            for budget in memory {
                Self.tell("round \(round) of \(rounds): verify --memory \(budget)")
                runs[budget, default: []].append(try world.verify(memory: budget, differences: differences))
            }
        }
        let peerRuns = peers ? try VerifyPeers(world).measure(rounds: rounds) : []
        let figures = memory.map { VerifyFigures(budget: $0, users: users, idle: idle, dumps: dumps, runs: runs[$0] ?? []) }
        if json {
            print(JSONValue.array(figures.map(\.json) + peerRuns.map(\.json)))
        } else {
            for figure in figures { print(figure.table) }
            if !peerRuns.isEmpty { print(VerifyPeers.table(peerRuns, verify: figures)) }
        }
    }

    static func tell(_ text: String) {
        FileHandle.standardError.write(Data("bench: \(text)\n".utf8))
    }
}
