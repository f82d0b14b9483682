import Domain
import Reconcile

/// A way to be wrong: the product as it is, over a port that breaks one rule of it. What such a pipeline or run does is what the
/// product would do without the rule, so the simulator has to find it. One that finds nothing proves nothing.
public enum Variant: String, Sendable, CaseIterable {
    /// The product as it is.
    case sound
    /// Nobody waits for the pipeline before judging it.
    case noFence = "no-fence"
    /// The connector counts as past a position as soon as the nonce's own event is seen.
    case nonceSeen = "nonce-seen"
    /// A suspect's row is read once, and believed from then on.
    case noSecondRead = "no-second-read"
    /// The second look of a round is taken without a fence of its own.
    case oneFence = "one-fence"
    /// Values are compared by the exclusive or of their fields' digests.
    case xorDigest = "xor-digest"
    /// Offsets are committed before the productions are written down.
    case commitBeforeLedger = "commit-before-ledger"
    /// Productions are written down before the broker has acknowledged them.
    case ledgerBeforeAcknowledgement = "ledger-before-acknowledgement"
    /// Offsets are committed as soon as their records are read.
    case offsetsStoredOnPoll = "offsets-stored-on-poll"
    /// Rows are taken as they are read, whatever the signals ask for.
    case eventBeforeVisibility = "event-before-visibility"
    /// Nobody is signalled for the late write of a worker that had lost its partition.
    case lateWritesIgnored = "late-writes-ignored"

    /// A range counts as scanned even if the scan died over it.
    case resumeUnfinished = "resume-unfinished"
    /// A run about what changed forgets somebody whom topics and ledgers mention.
    case forgetfulReconcile = "forgetful-reconcile"
    /// A replay enriches what it reads by itself, while the partition's owner goes on.
    case replaySecondWriter = "replay-second-writer"
    /// A replay takes remembered answers of the mapping service.
    case replayRemembers = "replay-remembers"

    /// Puts wrong ports in the place of a worker's.
    func change(_ ports: inout PortSet, of hop: Hop, in world: World) {
        switch self {
        case .offsetsStoredOnPoll: ports.source = StoringOnPoll(ports.source)
        case .commitBeforeLedger where hop == .enricher:
            let ledger = LateLedger(ports.ledger)
            ports.ledger = ledger
            ports.source = CommittingFirst(ports.source, ledger)
        case .ledgerBeforeAcknowledgement where hop == .enricher:
            ports.sink = RecordingFirst(ports.sink, ports.ledger, world)
            ports.ledger = NothingLeftToRecord()
        case .eventBeforeVisibility: ports.rows = TrustingRows(ports.rows)
        case .replayRemembers where hop == .enricher: ports.mappings = NeverForgetting(base: ports.mappings)
        case .lateWritesIgnored: ports.sink = SilentAboutLateWrites(ports.sink)
        default: break
        }
    }

    /// Puts wrong ports in the place of a run's.
    func change(_ ports: SimulatedReconcilePorts, in world: World) -> any ReconcilePorts {
        switch self {
        case .noFence: return ChangedPorts(base: ports, changeProgress: { FarAheadProgress($0, world) { true } })
        case .nonceSeen: return ChangedPorts(base: ports, changeProgress: { NonceSeenProgress($0, world) })
        case .noSecondRead: return ChangedPorts(base: ports, changeSource: { RememberingSource($0) })
        case .oneFence:
            let passes = FencePasses()
            return ChangedPorts(
                base: ports, changeSource: { CountingSource($0, passes) },
                changeProgress: { FarAheadProgress($0, world) { passes.isSecondOfRound } })
        case .resumeUnfinished: return ChangedPorts(base: ports, changeSource: { TrustingUnfinishedRanges($0, world) })
        case .forgetfulReconcile:
            let planning = Planning()
            return ChangedPorts(
                base: ports, changeSource: { SourceAfterPlanning($0, planning) },
                changeTopic: { ForgetfulTopic($0, planning) }, changeLedger: { ForgetfulLedger(base: $0, planning: planning) })
        case .xorDigest:
            var weak = ports
            let classes = WeakDigests()
            weak.represent = { classes.represent($0) }
            return weak
        default: return ports
        }
    }
}
