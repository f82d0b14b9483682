import CRDKafka
import Glibc

/// A line of librdkafka's own log.
public struct LogLine: Sendable {
    /// The syslog severity: 3 error, 4 warning, 6 info, 7 debug.
    public var severity: Int
    /// What part of the library speaks, such as `FAIL` or `CONFWARN`.
    public var facility: String
    /// The text, with the client's name.
    public var message: String
}

/// Receives log lines; called on the client's own thread, from within its calls.
public typealias LogHandler = (LogLine) -> Void

/// What librdkafka's callbacks write into.
///
/// The client's handle owns one and hands its address to librdkafka as the opaque of every callback. It is released only after
/// `rd_kafka_destroy` has returned: no callback runs later than that. All callbacks are served from within calls
/// that the owning thread makes (`log.queue` sends even log lines that way), so nothing here needs a lock.
final class CallbackContext {
    let onLog: LogHandler?
    /// Where the handle was made. librdkafka logs a few lines from its own threads while it shuts down, past the log
    /// queue; those are dropped, because the handler belongs to this thread.
    let owner = pthread_self()

    /// Errors that librdkafka reported out of band, oldest first.
    var notices: [KafkaError] = []
    /// The error after which the client is of no use.
    var fatal: KafkaError?
    /// Called by the rebalance callback with the event and the partitions.
    var onRebalance: ((OpaquePointer, rd_kafka_resp_err_t, UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Void)?
    /// Called for each delivery report.
    var onDelivery: ((UnsafePointer<rd_kafka_message_t>) -> Void)?

    init(onLog: LogHandler?) {
        self.onLog = onLog
    }

    /// More than this many unread notices are not kept: a client that nobody polls must not grow.
    static let noticeLimit = 100

    func note(_ error: KafkaError) {
        if notices.count < Self.noticeLimit { notices.append(error) }
    }

    func takeNotices() -> [KafkaError] {
        defer { notices.removeAll() }
        return notices
    }

    static func of(_ opaque: UnsafeMutableRawPointer?) -> CallbackContext? {
        opaque.map { Unmanaged<CallbackContext>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// One `rd_kafka_t` with the context of its callbacks. The public clients are built on it; it is not shared between threads.
final class ClientHandle {
    let context: CallbackContext
    let bootstrap: String
    private let kind: Kind
    private var handle: OpaquePointer?

    /// What the handle is for.
    enum Kind: String {
        case consumer, producer
        /// Questions and administration: librdkafka's consumer type without a group, because its producer type creates
        /// topics by asking for them.
        case cluster
    }

    init(_ kind: Kind, properties: Properties, onLog: LogHandler?) throws(KafkaError) {
        self.kind = kind
        self.bootstrap = properties.bootstrap
        self.context = CallbackContext(onLog: onLog)
        let configuration = try properties.withDefaults(["log.queue": "true"]).makeConfiguration()

        let opaque = Unmanaged.passRetained(context)
        rd_kafka_conf_set_opaque(configuration, opaque.toOpaque())
        installCallbacks(on: configuration, kind)

        var created: OpaquePointer?
        let type = kind == .producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
        let failure = withErrorText { text, size in
            created = rd_kafka_new(type, configuration, text, size)
            return created != nil
        }
        guard let created, failure == nil else {
            // rd_kafka_new takes the configuration over only when it succeeds.
            rd_kafka_conf_destroy(configuration)
            opaque.release()
            throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG, message: failure ?? "could not create the \(kind.rawValue)")
        }
        handle = created
        if kind == .consumer { rd_kafka_poll_set_consumer(created) }
        // With log.queue set, log lines wait in the queue that this thread polls.
        rd_kafka_set_log_queue(created, nil)
    }

    deinit { destroy() }

    /// The handle, while it is open.
    func open() throws(KafkaError) -> OpaquePointer {
        guard let handle else { throw .closed(kind.rawValue) }
        return handle
    }

    var isOpen: Bool { handle != nil }

    /// Ends the client and then frees the context that its callbacks used. May be called more than once.
    func destroy() {
        guard let handle else { return }
        self.handle = nil
        context.onRebalance = nil
        context.onDelivery = nil
        // A consumer has left its group by now, or given that up.
        rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
        Unmanaged.passUnretained(context).release()
    }

    /// The fatal error, if the client has met one.
    func throwIfFatal() throws(KafkaError) {
        if let fatal = context.fatal { throw fatal }
    }

    /// Serves callbacks that are waiting, so that an error message can say what happened in the background.
    ///
    /// Not for consumers: their queue holds records as well, which this would throw away.
    func collectNotices() {
        guard let handle, kind != .consumer else { return }
        rd_kafka_poll(handle, 0)
    }

    /// The error for a failed call, with the reason librdkafka gave last for not reaching a broker.
    func failure(_ code: rd_kafka_resp_err_t, _ action: String) -> KafkaError {
        var error = KafkaError(code: code, doing: action)
        error.message += " (bootstrap.servers \(bootstrap)"
        if let reason = context.notices.last(where: {
            $0.code == RD_KAFKA_RESP_ERR__TRANSPORT.rawValue || $0.code == RD_KAFKA_RESP_ERR__RESOLVE.rawValue
        }) {
            error.message += "; \(reason.message)"
        }
        error.message += ")"
        return error
    }
}

/// Callbacks reach their context through the opaque; none of them captures anything.
private func installCallbacks(on configuration: OpaquePointer, _ kind: ClientHandle.Kind) {
    rd_kafka_conf_set_log_cb(configuration) { client, severity, facility, text in
        // Before the client exists, librdkafka calls with a null handle.
        guard let client, let text, let context = CallbackContext.of(rd_kafka_opaque(client)),
            pthread_equal(context.owner, pthread_self()) != 0
        else { return }
        context.onLog?(
            LogLine(
                severity: Int(severity), facility: facility.map { String(cString: $0) } ?? "",
                message: String(cString: text)))
    }
    rd_kafka_conf_set_error_cb(configuration) { client, code, reason, opaque in
        guard let client, let context = CallbackContext.of(opaque) else { return }
        let code = rd_kafka_resp_err_t(code)
        let text = reason.map { String(cString: $0) } ?? String(cString: rd_kafka_err2str(code))
        guard code == RD_KAFKA_RESP_ERR__FATAL else { return context.note(KafkaError(code: code, message: text)) }
        var fatalText = text
        var fatalCode = code
        _ = withErrorText { buffer, size in
            fatalCode = rd_kafka_fatal_error(client, buffer, size)
            fatalText = String(cString: buffer)
            return true
        }
        context.fatal = KafkaError(code: fatalCode, message: fatalText, isFatal: true)
    }
    switch kind {
    case .consumer:
        rd_kafka_conf_set_rebalance_cb(configuration) { client, event, partitions, opaque in
            guard let client else { return }
            CallbackContext.of(opaque)?.onRebalance?(client, event, partitions)
        }
    case .cluster:
        break
    case .producer:
        rd_kafka_conf_set_dr_msg_cb(configuration) { _, message, opaque in
            guard let message else { return }
            CallbackContext.of(opaque)?.onDelivery?(message)
        }
    }
}
