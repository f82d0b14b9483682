/// Why the pipeline cannot start, or had to end.
public struct PipelineError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is. The raw values are codes for logs and JSON output: a contract.
    public enum Code: String, Sendable, CaseIterable {
        case kafkaUnreachable = "kafka_unreachable"
        case topicMissing = "topic_missing"
        case topicNotCreated = "topic_not_created"
        case partitionCountsDiffer = "partition_counts_differ"
        /// A topic is not the one that it was at the last start.
        case topicRecreated = "topic_recreated"
        case mysqlUnreachable = "mysql_unreachable"
        case sourceUnusable = "source_unusable"
        case mappingUnreachable = "mapping_unreachable"
        /// A setting that cannot work.
        case badSetting = "bad_setting"
        /// A worker met something that waiting does not mend.
        case workerFailed = "worker_failed"
        /// A stop came, and the batch in hand could not be finished in time. It will be read again.
        case drainTimedOut = "drain_timed_out"
    }

    public var code: Code
    /// What happened, where, and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
