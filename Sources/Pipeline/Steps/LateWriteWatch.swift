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
        var signal: RecordAddress
        var version: SourcePosition?
    }

    /// What is known of a partition of the aggregate topic.
    private struct Measure {
        /// One for each partition of the signals topic whose answers lie here: as a rule that of the same number alone, unless somebody
        /// changed the number of partitions of one of the two.
        var marks: [Mark] = []
        /// The highest offset that was judged.
        var judgedOffset: Int64 = -1

        func place(ofSignalsPartition partition: Int32) -> Int? { marks.firstIndex { $0.signal.partition == partition } }

        mutating func raise(_ provenance: AggregateProvenance) {
            guard let signal = provenance.signal else { return }
            let mark = Mark(signal: signal, version: provenance.version)
            if let place = place(ofSignalsPartition: signal.partition) {
                if marks[place].signal.offset <= signal.offset { marks[place] = mark }
            } else {
                marks.append(mark)
            }
        }

        /// Judges the next record: the mark that it stays behind, if it does.
        mutating func judge(_ offset: Int64, _ provenance: AggregateProvenance) -> Mark? {
            guard offset > judgedOffset else { return nil }
            judgedOffset = offset
            if let signal = provenance.signal, let place = place(ofSignalsPartition: signal.partition),
                signal.offset < marks[place].signal.offset
            {
                return marks[place]
            }
            raise(provenance)
            return nil
        }
    }

    /// A late write that was noticed.
    struct Late {
        /// Asks for a read that is not older than the newest aggregate of the partition.
        var signal: Signal
        /// The newest signal answered before it.
        var newestSignal: RecordAddress
    }

    private var measures: [TopicPartition: Measure] = [:]
    /// What was noticed and is not signalled yet. It outlives the batch in which it was noticed, which may be lost.
    private(set) var unsignalled: [UserID: Late] = [:]

    /// Takes the measure of a partition from what was written to it last.
    mutating func begin(_ partition: TopicPartition, after history: PartitionHistory) {
        // Where the topic was created anew its offsets begin again.
        if history.high <= measures[partition]?.judgedOffset ?? -1 { measures[partition] = nil }
        for record in history.last { measures[partition, default: Measure()].raise(AggregateProvenance { record.header($0) }) }
    }

    /// Looks at the next record of a partition.
    mutating func observe(_ record: Record, user: UserID, provenance: AggregateProvenance) {
        guard let mark = measures[record.topicPartition, default: Measure()].judge(record.offset, provenance) else { return }
        unsignalled[user] = Late(signal: Signal(user: user, position: mark.version, cause: .late), newestSignal: mark.signal)
    }

    /// Takes note that these users were signalled.
    mutating func signalled(_ users: some Sequence<UserID>) {
        for user in users { unsignalled[user] = nil }
    }

    /// Forgets what was measured by the offsets of a partition of the signals topic that begin again.
    mutating func forget(signalsPartition: Int32) {
        for partition in measures.keys { measures[partition]?.marks.removeAll { $0.signal.partition == signalsPartition } }
        unsignalled = unsignalled.filter { $0.value.newestSignal.partition != signalsPartition }
    }
}
