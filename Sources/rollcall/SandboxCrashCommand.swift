import ArgumentParser
import Domain
import Glibc
import Pipeline
import Synchronization

/// Runs the pipeline until it reaches a named point, and ends there as by `kill -9`; the tests of crashes call it, people do not.
struct SandboxCrashCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox-crash",
        abstract: "Runs the pipeline as `stream` does, and kills itself at a named point.",
        shouldDisplay: false)

    @Option(help: "The hop: intake, aggregator or enricher.")
    var hop: String

    @Option(help: "The point: polled, queried, mapped, sent, acknowledged, recorded, parked or committed.")
    var point: String

    @Option(help: "How often the hop passes the point before it ends there; at least 1.")
    var times = 1

    @OptionGroup var global: GlobalOptions

    func run() throws {
        guard let hop = Hop(rawValue: hop), let point = PortCall(rawValue: point), times > 0 else {
            throw ValidationError("there is no point \(self.hop).\(self.point)")
        }
        let settings = try global.prepare(needs: EffectiveSettings.areasToStream(Set(Hop.allCases)))
        let left = Mutex(times)
        let stream = StreamRunner(settings: try settings.pipeline(), mapping: try settings.mapping()) { passedHop, passedPoint in
            guard passedHop == hop, passedPoint == point else { return }
            // Nothing runs after this signal: no defer, no handler, no flush of a buffer.
            if left.withLock({
                $0 -= 1; return $0 == 0
            }) {
                kill(getpid(), SIGKILL)
            }
        }
        try stream.start()
        Console.shared.note("streaming")
        try stream.wait()
    }
}
