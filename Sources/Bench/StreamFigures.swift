import Domain
import Foundation

/// What the runs come to.
struct StreamFigures {
    let load: StreamWorld.Load
    var runs: [(latency: StreamWorld.Latency, run: StreamRun)] = []
    var main: [StreamRun] = []
    var withoutLedger: [StreamRun] = []
    var alone: [(run: StreamRun, hops: HopsAlone)] = []
    var single: [StreamRun] = []
    var peers: [PythonPeer] = []
    var latency: StreamLatency?

    init(load: StreamWorld.Load) {
        self.load = load
    }

    private var perSecond: Double { median(main.map(\.eventsPerSecond)) }
    /// Each is the median over the rounds of what was measured within one round.
    private var overSingle: Double { median(zip(main, single).map { $0.eventsPerSecond / $1.eventsPerSecond }) }
    private var overSlowestHop: Double { median(alone.map { $0.hops.slowestHop / $0.run.seconds }) }
    private var overSlowestCalls: Double { median(alone.map { $0.hops.slowestCalls / $0.run.seconds }) }
    private var ledgerCost: Double { median(zip(main, withoutLedger).map { $0.seconds / $1.seconds - 1 }) }
    private var overPeer: Double? {
        peers.isEmpty ? nil : median(zip(main, peers).map { $0.eventsPerSecond / $1.eventsPerSecond })
    }

    var table: String {
        var lines = ["stream: \(load.events) change events of 2 tables, \(load.users) users; medians of \(main.count)", ""]
        lines.append("mapping  MySQL    events/s  users/s  events/user  CPU s/M events  the servers'  peak MB")
        for (latency, run) in runs {
            lines.append(
                String(
                    format: "%4d ms  %2d ms  %9.0f %8.0f %12.2f %15.1f %13.1f %8.1f", latency.mappingMs, latency.mysqlMs,
                    run.eventsPerSecond, run.usersPerSecond, run.deduplication, run.cpuSecondsPerMillionEvents,
                    run.serverSecondsPerMillionEvents, Double(run.peakBytes) / 1e6))
        }
        lines.append("")
        lines.append(row("events per second", String(format: "%.0f", perSecond), ""))
        lines.append(row("at batch size 1", String(format: "%.0f", median(single.map(\.eventsPerSecond))), ""))
        lines.append(row("  the pipeline is ahead", String(format: "%.1f x", overSingle), "goal: 10 x"))
        for (name, seconds) in alone.last?.hops.hops ?? [] {
            lines.append(row("\(name) alone, over the same records", String(format: "%.2f s", seconds), ""))
        }
        lines.append(row("  the slowest hop's, of the pipeline's time", String(format: "%.2f", overSlowestHop), "goal: 0.5"))
        for (name, seconds) in (alone.last?.hops.seconds ?? []) + (alone.last?.hops.calls ?? []) {
            lines.append(row("alone, as many: \(name)", String(format: "%.2f s", seconds), ""))
        }
        lines.append(row("  the slowest hop's calls, of the pipeline's time", String(format: "%.2f", overSlowestCalls), ""))
        lines.append(row("  the ledger costs", String(format: "%.1f %%", ledgerCost * 100), "goal: 10 %"))
        if let overPeer {
            lines.append(row("a Python peer", String(format: "%.0f", median(peers.map(\.eventsPerSecond))), ""))
            lines.append(row("  the pipeline is ahead", String(format: "%.1f x", overPeer), "goal: 3 x"))
            lines.append(
                row(
                    "  CPU seconds per million events", String(format: "%.1f", median(peers.map(\.cpuSecondsPerMillionEvents))),
                    ""))
        }
        if let latency {
            lines.append(row("event to God object, 200 events/s, p50", "\(latency.p50Ms) ms", ""))
            lines.append(row("  p99", "\(latency.p99Ms) ms", ""))
        }
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ value: String, _ goal: String) -> String {
        let line = name + String(repeating: " ", count: max(1, 58 - name.count - value.count)) + value
        return goal.isEmpty ? line : "\(line)   (\(goal))"
    }

    var json: JSONValue {
        var members: [JSONValue.Member] = [
            .init("bench", "stream"), .init("events", .number(load.events)), .init("users", .number(load.users)),
            .init("rounds", .number(main.count)), .init("runs", .array(runs.map { json($0.run, $0.latency) })),
        ]
        members.append(.init("events_per_second", number(perSecond)))
        members.append(.init("over_batch_size_1", number(overSingle)))
        members.append(.init("hops_alone_seconds", json(alone.last?.hops.hops ?? [])))
        members.append(.init("over_slowest_hop", number(overSlowestHop)))
        members.append(.init("calls_alone_seconds", json((alone.last?.hops.seconds ?? []) + (alone.last?.hops.calls ?? []))))
        members.append(.init("over_slowest_hops_calls", number(overSlowestCalls)))
        members.append(.init("ledger_cost", number(ledgerCost)))
        members.append(.init("over_python_peer", overPeer.map { number($0) } ?? .null))
        members.append(.init("latency_p50_ms", .number(latency.map { Int($0.p50Ms) })))
        members.append(.init("latency_p99_ms", .number(latency.map { Int($0.p99Ms) })))
        return .object(members)
    }

    private func json(_ run: StreamRun, _ latency: StreamWorld.Latency) -> JSONValue {
        [
            "mapping_ms": .number(latency.mappingMs), "mysql_ms": .number(latency.mysqlMs),
            "events_per_second": number(run.eventsPerSecond), "users_per_second": number(run.usersPerSecond),
            "events_per_user": number(run.deduplication),
            "cpu_seconds_per_million_events": number(run.cpuSecondsPerMillionEvents),
            "server_cpu_seconds_per_million_events": number(run.serverSecondsPerMillionEvents),
            "peak_bytes": .number(run.peakBytes),
        ]
    }

    private func json(_ seconds: [(name: String, seconds: Double)]) -> JSONValue {
        .object(seconds.map { .init($0.name, number($0.seconds)) })
    }

    private func number(_ value: Double) -> JSONValue { .number(String(format: "%.3f", value)) }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
