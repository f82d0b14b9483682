import Domain
import Kafka

/// Notices aggregates that were written after newer ones.
///
/// Within a partition of the aggregate topic the offsets of the signals behind the aggregates only rise, because one aggregator
/// owns the partition and answers its signals in order. A lower one was written by an aggregator that had lost the partition
/// without knowing. Compaction would keep that older aggregate for ever, so its user is to be looked at again.
///
/// A batch that is repeated after a crash looks the same. It costs a superfluous signal per user, no more.
struct LateWriteWatch {
    /// The newest signal answered, and the position up to which the answer saw the source.
    private struct Mark {
        var signalOffset: Int64
        var version: SourcePosition?
    }

    /// By partition of the aggregate topic, then by partition of the signals topic. The two are the same, unless somebody
    /// changed the number of partitions of one of them.
    private var marks: [TopicPartition: [Int32: Mark]] = [:]

    /// Forgets partitions that another member may have written on since.
    mutating func forget(_ partitions: Set<TopicPartition>) {
        for partition in partitions { marks[partition] = nil }
    }

    /// Looks at the next record of a partition.
    ///
    /// - Returns: The signal that mends it, if the record is late: it asks for a read that is not older than the newest
    ///   aggregate of the partition.
    mutating func observe(_ record: Record, user: UserID, provenance: AggregateProvenance) -> Signal? {
        guard let signal = provenance.signal else { return nil }
        if let mark = marks[record.topicPartition]?[signal.partition], signal.offset < mark.signalOffset {
            return Signal(user: user, position: mark.version, cause: .late)
        }
        marks[record.topicPartition, default: [:]][signal.partition] =
            Mark(signalOffset: signal.offset, version: provenance.version)
        return nil
    }
}
