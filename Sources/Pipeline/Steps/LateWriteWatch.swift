import Domain
import Kafka

/// Notices aggregates that were written after newer ones.
///
/// Within a partition of the aggregate topic the offsets of the signals behind the aggregates only rise, because one aggregator
/// owns the partition and answers its signals in order. A lower one was written by an aggregator that had lost the partition
/// without knowing. Compaction would keep that older aggregate for ever, so its user is to be looked at again.
///
/// A batch that an aggregator repeats after a crash looks the same. It costs a superfluous signal per user, no more.
///
/// What was once the newest stays a valid measure, whoever had the partition since. So nothing is forgotten over a revoke, and
/// the measure of a partition that is new here comes from the last aggregates before the committed offset. A record that is
/// read again is not judged again.
struct LateWriteWatch {
    /// The newest signal answered, and the position up to which the answer saw the source.
    private struct Mark {
        var signalOffset: Int64
        var version: SourcePosition?
    }

    /// A late write that was noticed.
    struct Late {
        /// Asks for a read that is not older than the newest aggregate of the partition.
        var signal: Signal
        /// The newest signal answered before it.
        var newestSignal: RecordAddress
    }

    /// By partition of the aggregate topic, then by partition of the signals topic. The two are the same, unless somebody
    /// changed the number of partitions of one of them.
    private var marks: [TopicPartition: [Int32: Mark]] = [:]
    /// The highest offset of each partition that was judged.
    private var judged: [TopicPartition: Int64] = [:]
    /// What was noticed and is not signalled yet. It outlives the batch in which it was noticed, which may be lost.
    private(set) var unsignalled: [UserID: Late] = [:]

    /// Takes the measure of a partition from what was written to it last.
    mutating func begin(_ partition: TopicPartition, after history: PartitionHistory) {
        if history.high <= judged[partition] ?? -1 {
            // The topic was created anew, and its offsets begin again.
            marks[partition] = nil
            judged[partition] = nil
        }
        for record in history.last { raise(partition, AggregateProvenance { record.header($0) }) }
    }

    /// Looks at the next record of a partition.
    mutating func observe(_ record: Record, user: UserID, provenance: AggregateProvenance) {
        let partition = record.topicPartition
        guard record.offset > judged[partition] ?? -1 else { return }
        judged[partition] = record.offset
        guard let signal = provenance.signal else { return }
        guard let mark = marks[partition]?[signal.partition], signal.offset < mark.signalOffset else {
            return raise(partition, provenance)
        }
        unsignalled[user] = Late(
            signal: Signal(user: user, position: mark.version, cause: .late),
            newestSignal: RecordAddress(partition: signal.partition, offset: mark.signalOffset))
    }

    /// Takes note that these users were signalled.
    mutating func signalled(_ users: some Sequence<UserID>) {
        for user in users { unsignalled[user] = nil }
    }

    /// Forgets what was measured by the offsets of a partition of the signals topic that begin again.
    mutating func forget(signalsPartition: Int32) {
        for partition in marks.keys { marks[partition]?[signalsPartition] = nil }
        unsignalled = unsignalled.filter { $0.value.newestSignal.partition != signalsPartition }
    }

    private mutating func raise(_ partition: TopicPartition, _ provenance: AggregateProvenance) {
        guard let signal = provenance.signal else { return }
        if let mark = marks[partition]?[signal.partition], mark.signalOffset > signal.offset { return }
        marks[partition, default: [:]][signal.partition] = Mark(signalOffset: signal.offset, version: provenance.version)
    }
}
