/// What became of one record that was sent.
public struct Delivery: Sendable {
    /// What `send` returned for it.
    public var ticket: UInt64
    /// Where the record is, or why it is not known to be there.
    public var result: Result<Position, KafkaError>

    /// Where the broker put a record.
    public struct Position: Hashable, Sendable {
        /// The topic's partition.
        public var partition: Int32
        /// The record's offset. For a record that had to be sent again by an idempotent producer librdkafka may not know it: then
        /// it is nil, and the record is there all the same.
        public var offset: Int64?
        /// Milliseconds since 1970, as the producer or the broker set it.
        public var timestampMs: Int64?
    }
}
