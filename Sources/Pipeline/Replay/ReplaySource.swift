import Domain
import Kafka

/// What is to be enriched once more, and the aggregates for it, as an enricher sees them: a second consumer, which belongs to
/// no group and reads what the enricher tells it to.
public protocol ReplaySource: AnyObject {
    /// The open requests, the oldest first. Asked before each batch, so it must be cheap.
    var requests: [ReplayRequest] { get }
    /// How far the request has got in the partition; nil where it was not begun.
    func progress(of request: ReplayRequest, in partition: TopicPartition) throws -> Int64?
    /// Writes down how far the request has got; when this returns, it survives a crash.
    func record(progress: Int64, of request: ReplayRequest, in partition: TopicPartition) throws
    /// Lets the next reads go on from that offset.
    func seek(_ partition: TopicPartition, to offset: Int64) throws
    /// What comes next of the partition.
    func read(maxRecords: Int, timeoutMs: Int) throws -> Poll
    /// Nothing is read for now.
    func rest()
}
