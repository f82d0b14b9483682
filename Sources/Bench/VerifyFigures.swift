import Domain
import Foundation

/// One run of the two dumps at the same time.
struct DumpTimes {
    /// Until both had ended.
    var seconds: Double
    var query: Measured
    var topic: Measured
}

/// One run of verify.
struct VerifyTimes {
    var process: Measured
    /// The run's own account of its phases, in seconds.
    var phases: [(name: String, seconds: Double)]
}

/// What a series of runs comes to.
struct VerifyFigures {
    let budget: String
    let users: Int
    let idle: ProcessMemory
    let dumps: [DumpTimes]
    let runs: [VerifyTimes]

    private var dumpSeconds: Double { Self.median(dumps.map(\.seconds)) }
    var seconds: Double { Self.median(runs.map(\.process.seconds)) }
    private var ratio: Double { seconds / dumpSeconds }
    private var cpuSeconds: Double { Self.median(runs.map(\.process.cpuSeconds)) }
    /// The worst, not the median: a budget is kept always or not at all.
    var peakBytes: Int { runs.map(\.process.peakBytes).max() ?? 0 }

    private var peakPrivateBytes: Int { runs.map(\.process.peakPrivateBytes).max() ?? 0 }

    private var phases: [(name: String, seconds: Double)] {
        (runs.first?.phases ?? []).map { phase in
            (phase.name, Self.median(runs.compactMap { run in run.phases.first { $0.name == phase.name }?.seconds }))
        }
    }

    var table: String {
        var lines = ["verify --stage aggregate --memory \(budget), \(users) users, medians of \(runs.count)"]
        lines.append(Self.row("raw dumps, both at once", dumpSeconds, "s"))
        lines.append(Self.row("  the query, by mariadb --quick", Self.median(dumps.map(\.query.seconds)), "s"))
        lines.append(Self.row("  the topic, by kcat", Self.median(dumps.map(\.topic.seconds)), "s"))
        lines.append(Self.row("verify", seconds, "s"))
        lines.append(Self.row("  as a multiple of the dumps", ratio, "x"))
        lines.append(Self.row("  CPU time of its process", cpuSeconds, "s"))
        lines.append(Self.row("  peak memory", Double(peakBytes) / 1e6, "MB"))
        lines.append(Self.row("  peak memory over an idle process", Double(peakBytes - idle.all) / 1e6, "MB"))
        lines.append(
            Self.row("  of its own, without code, over an idle process", Double(peakPrivateBytes - idle.own) / 1e6, "MB"))
        for phase in phases {
            lines.append(
                Self.row("  phase \(phase.name), \(Int((phase.seconds / seconds * 100).rounded())) %", phase.seconds, "s"))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func row(_ name: String, _ value: Double, _ unit: String) -> String {
        let number = String(format: "%.2f", value)
        return name + String(repeating: " ", count: max(1, 52 - name.count - number.count)) + number + " " + unit
    }

    var json: JSONValue {
        [
            "bench": "verify", "users": .number(users), "memory": .string(budget), "rounds": .number(runs.count),
            "dump_seconds": number(dumpSeconds), "query_dump_seconds": number(Self.median(dumps.map(\.query.seconds))),
            "topic_dump_seconds": number(Self.median(dumps.map(\.topic.seconds))), "verify_seconds": number(seconds),
            "ratio": number(ratio), "cpu_seconds": number(cpuSeconds), "peak_bytes": .number(peakBytes),
            "idle_bytes": .number(idle.all), "over_idle_bytes": .number(peakBytes - idle.all),
            "private_over_idle_bytes": .number(peakPrivateBytes - idle.own),
            "phases": .object(phases.map { .init($0.name, number($0.seconds)) }),
        ]
    }

    private func number(_ value: Double) -> JSONValue { .number(String(format: "%.3f", value)) }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
