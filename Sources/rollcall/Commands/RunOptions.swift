import ArgumentParser
import Domain
import Reconcile

/// What `verify` and `reconcile` have in common.
struct RunOptions: ParsableArguments {
    /// The stages that can be judged apart.
    enum StageChoice: String, CaseIterable, ExpressibleByArgument {
        case aggregate
        case all

        var stages: Set<Stage> { self == .all ? Set(Stage.allCases) : [.aggregate] }
    }

    @Option(
        help: ArgumentHelp(
            "aggregate judges the aggregate topic alone, which needs no ledger; all judges the God topic too.", valueName: "stage"
        ))
    var stage: StageChoice = .all

    @OptionGroup var ledgers: LedgerFilesOption

    @OptionGroup var parked: ParkedFilesOption

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long to wait for the fence; instead of verify.fence_timeout_seconds.", valueName: "seconds"))
    var fenceTimeout: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How long to settle mismatches; instead of verify.settle_timeout_seconds.", valueName: "seconds"))
    var settleTimeout: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("What the run may take of memory, such as 256MB; instead of verify.memory.", valueName: "size"))
    var memory: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long a range of the scan should take; instead of verify.load.chunk_seconds.", valueName: "seconds"))
    var chunkSeconds: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("How fast to scan at most; instead of verify.load.max_rows_per_second.", valueName: "rows"))
    var maxRowsPerSecond: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Waits while a replica lags more than this; instead of verify.load.max_replica_lag_seconds.", valueName: "seconds"))
    var maxReplicaLag: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Waits while more threads are running on the source; instead of verify.load.max_threads_running.", valueName: "count"
        ))
    var maxThreadsRunning: String?

    /// Whose mappings are asked for again.
    enum MappingChoice: ExpressibleByArgument {
        case all
        case about(Int)

        init?(argument: String) {
            if argument == "all" {
                self = .all
            } else if let count = Int(argument), count > 0 {
                self = .about(count)
            } else {
                return nil
            }
        }

        var sample: VerifySettings.MappingSample {
            switch self {
            case .all: .everyone
            case .about(let count): .some(count)
            }
        }
    }

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Asks the mapping service again, for all users or for about so many of them, and finds God objects with an older mapping.",
            valueName: "all|count"))
    var mappings: MappingChoice?

    @Flag(help: "Goes on where an interrupted scan of everyone stopped, if that is still good; else says why not.")
    var resume = false

    @Flag(help: "Only tells what reading everyone would take: rows, bytes and time, from statistics.")
    var dryRun = false

    @Flag(help: "Accepts a source without a single user.")
    var allowEmpty = false

    @OptionGroup var revealing: RevealOption

    func validate() throws {
        guard mappings == nil || stage == .all else {
            throw ValidationError("--mappings is about God objects, which --stage aggregate leaves out")
        }
    }

    /// What the flags say of the settings.
    var overrides: [SettingOverride?] {
        let keys = EffectiveSettings.keys.verify
        return [
            .flag("--fence-timeout", keys.fenceTimeout.path, fenceTimeout),
            .flag("--settle-timeout", keys.settleTimeout.path, settleTimeout),
            .flag("--memory", keys.memory.path, memory),
            .flag("--chunk-seconds", keys.load.chunkTime.path, chunkSeconds),
            .flag("--max-rows-per-second", keys.load.rowsPerSecond.path, maxRowsPerSecond),
            .flag("--max-replica-lag", keys.load.replicaLag.path, maxReplicaLag),
            .flag("--max-threads-running", keys.load.threadsRunning.path, maxThreadsRunning),
        ]
    }
}
