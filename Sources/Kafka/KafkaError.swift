import CRDKafka

/// What went wrong in a call to Kafka, and whether trying again can help.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The code: positive from the broker's protocol, negative from librdkafka itself.
    public var code: Int32
    /// The code's name without its prefix, such as `_TRANSPORT` or `UNKNOWN_TOPIC_OR_PART`.
    public var name: String
    /// What happened, and to which topic, partition or broker address.
    public var message: String
    /// Whether the same call may succeed later.
    public var isRetriable: Bool
    /// Whether the client that reported it is of no further use and has to be closed.
    public var isFatal: Bool

    /// The message, and the code's name in parentheses.
    public var description: String { "\(message) (\(name))" }

    init(code: rd_kafka_resp_err_t, message: String, isRetriable: Bool? = nil, isFatal: Bool = false) {
        self.code = code.rawValue
        self.name = String(cString: rd_kafka_err2name(code))
        self.message = message
        self.isRetriable = !isFatal && (isRetriable ?? Self.retriableCodes.contains(code.rawValue))
        self.isFatal = isFatal
    }

    /// An error whose message is "what was done: the code's own text".
    init(code: rd_kafka_resp_err_t, doing action: String) {
        self.init(code: code, message: "\(action): \(String(cString: rd_kafka_err2str(code)))")
    }

    /// Takes over an `rd_kafka_error_t`; nil where the call succeeded.
    init?(consuming error: OpaquePointer?, doing action: String) {
        guard let error else { return nil }
        defer { rd_kafka_error_destroy(error) }
        let code = rd_kafka_error_code(error)
        self.init(
            code: code, message: "\(action): \(String(cString: rd_kafka_error_string(error)))",
            isRetriable: rd_kafka_error_is_retriable(error) != 0 ? true : nil, isFatal: rd_kafka_error_is_fatal(error) != 0)
    }

    /// The error of a call that came after `close()`.
    static func closed(_ what: String) -> KafkaError {
        KafkaError(code: RD_KAFKA_RESP_ERR__STATE, message: "the \(what) is closed")
    }

    /// The codes which Kafka's protocol guide lists as retriable, and those of librdkafka that a network brings about.
    private static let retriableCodes: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__RESOLVE,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
            RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
            RD_KAFKA_RESP_ERR__RETRY, RD_KAFKA_RESP_ERR__IN_PROGRESS, RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_NOT_CONTROLLER,
            RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND,
            RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH, RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND,
            RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
        ].map(\.rawValue))
}
