import Domain
import Foundation
import MySQL
import Sandbox

/// Other tools at the same task: are the rows of the source those of the topic?
///
/// They compare tables of databases, and know neither joins nor topics. So the join and the folded topic are put into tables for them first, and
/// that time is not counted. They judge a database that stands still.
struct VerifyPeers {
    private let world: VerifyWorld
    private let tools: [(name: String, program: String, arguments: [String])]

    private static let sourceTable = "bench_source_rows"
    private static let topicTable = "bench_topic_rows"

    /// One tool's runs.
    struct Run {
        var name: String
        var seconds: Double
        var peakBytes: Int

        var json: JSONValue {
            [
                "bench": "verify-peer", "peer": .string(name), "seconds": .number(String(format: "%.3f", seconds)),
                "peak_bytes": .number(peakBytes),
            ]
        }
    }

    init(_ world: VerifyWorld) throws {
        self.world = world
        BenchVerify.tell("copying rows into tables for the peers")
        try world.copyRows(into: Self.sourceTable)
        try world.copyRows(into: Self.topicTable)
        let connection = world.connection
        let place = "\(connection.host):\(connection.port)/\(ShopDatabase.name)"
        let reladiff = ProcessInfo.processInfo.environment["ROLLCALL_RELADIFF"] ?? "reladiff"
        let columns = "full_name,email,status,credit,created_at,updated_at,dark_mode,newsletter,locale".split(separator: ",")
        let uri = "mysql://\(connection.user):\(connection.password)@\(place)"
        let host = "h=\(connection.host),P=\(connection.port),u=\(connection.user),p=\(connection.password)"
        tools = [
            (
                "reladiff", reladiff,
                [uri, Self.sourceTable, uri, Self.topicTable, "-k", "user_id", "--threads", "4"]
                    + columns.flatMap { ["-c", String($0)] }
            ),
            (
                "pt-table-sync, CRC32", "/usr/bin/pt-table-sync",
                [
                    "--print", "--no-check-slave", "--no-check-triggers", "--no-foreign-key-checks", "--function", "CRC32",
                    "--charset", "utf8mb4", "\(host),D=\(ShopDatabase.name),t=\(Self.sourceTable)",
                    "\(host),D=\(ShopDatabase.name),t=\(Self.topicTable)",
                ]
            ),
        ]
    }

    func measure(rounds: Int) throws -> [Run] {
        try tools.map { tool in
            var runs: [Measured] = []
            for round in 1...rounds {
                BenchVerify.tell("round \(round) of \(rounds): \(tool.name)")
                let run = try Measured.run(tool.program, tool.arguments, keepsOutput: true)
                guard run.status == 0, run.output.isEmpty else {
                    throw BenchError(
                        "\(tool.name) should find nothing; it ended with \(run.status): "
                            + String(decoding: run.output.prefix(300), as: UTF8.self))
                }
                runs.append(run)
            }
            return Run(
                name: tool.name, seconds: VerifyFigures.median(runs.map(\.seconds)),
                peakBytes: runs.map(\.peakBytes).max() ?? 0)
        }
    }

    static func table(_ runs: [Run], verify: [VerifyFigures]) -> String {
        var lines = ["the same rows, compared by others (their tables were made beforehand, which is not counted)"]
        for figure in verify {
            lines.append(VerifyFigures.row("rollcall verify --memory \(figure.budget)", figure.seconds, "s"))
            lines.append(VerifyFigures.row("  peak memory", Double(figure.peakBytes) / 1e6, "MB"))
        }
        for run in runs {
            lines.append(VerifyFigures.row(run.name, run.seconds, "s"))
            lines.append(VerifyFigures.row("  peak memory of its process", Double(run.peakBytes) / 1e6, "MB"))
            if let first = verify.first {
                lines.append(VerifyFigures.row("  as a multiple of verify", run.seconds / first.seconds, "x"))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
