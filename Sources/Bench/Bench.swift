import ArgumentParser

/// Measurements of Rollcall against what its tasks take at the least, on the embedded stack. Test equipment; see `scripts/bench`.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures Rollcall against the raw cost of its tasks.",
        subcommands: [BenchVerify.self, BenchStream.self])
}

/// What is wrong with a measurement, for people.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
