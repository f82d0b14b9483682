import CRDKafka

/// A producer that hands out a ticket per record, and a delivery report per ticket.
///
/// It belongs to the thread that made it: it is created, used and closed there, and is not `Sendable`. After `close()` every call
/// throws. Unless the properties say otherwise it is idempotent, waits for all in-sync replicas, places keys like
/// Java does (`murmur2_random`) and compresses with zstd.
public final class Producer {
    private let client: ClientHandle
    private var topics: [String: OpaquePointer] = [:]
    /// One report per record since the last flush; the first one's ticket is `firstTicket`.
    private var reports: [Report] = []
    private var firstTicket: UInt64 = 1
    private var outstanding = 0

    private enum Report {
        case awaited(topic: String)
        case delivered(Delivery.Position)
        case failed(KafkaError)
    }

    /// Properties that hold unless others are given.
    public static let defaultProperties: Properties = [
        "enable.idempotence": "true",
        "acks": "all",
        "partitioner": "murmur2_random",
        "compression.type": "zstd",
        // A batch is flushed as a whole, and a flush does not linger; this only lets messages gather between flushes.
        "linger.ms": "5",
    ]

    /// Makes a producer; it connects in the background. Throws where a property is unknown or has a bad value, and names it.
    /// `onLog` receives librdkafka's log lines, from within calls on this thread.
    public init(properties: Properties, onLog: LogHandler? = nil) throws(KafkaError) {
        client = try ClientHandle(.producer, properties: properties.withDefaults(Self.defaultProperties), onLog: onLog)
        client.context.onDelivery = { [unowned self] message in receive(message) }
    }

    deinit { close() }

    /// Throws away what has not been sent yet, and frees the producer. Calls after the first do nothing. Flush before it.
    public func close() {
        guard let handle = try? client.open() else { return }
        client.context.onDelivery = nil
        for topic in topics.values { rd_kafka_topic_destroy(topic) }
        topics = [:]
        rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        client.destroy()
        reports = []
    }

    // MARK: - Sending

    /// Puts a record into the local queue, and returns the ticket by which `flush` reports on it. Tickets rise by one.
    ///
    /// Where the queue is full it waits for the broker, and calls `whileWaiting` about ten times a second; that may throw to give
    /// up, and is the place to keep a consumer alive. The record has then not been sent. Throws where the record cannot be
    /// sent at all (too large, no such partition), or the producer has met a fatal error.
    public func send(_ record: OutgoingRecord, whileWaiting: () throws -> Void = {}) throws -> UInt64 {
        let handle = try client.open()
        try client.throwIfFatal()
        let topic = try topicHandle(record.topic, handle)
        let ticket = firstTicket + UInt64(reports.count)
        while let error = produce(record, topic, ticket, handle) {
            guard error.code == RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue else { throw error }
            rd_kafka_poll(handle, Self.sliceMs)
            try client.throwIfFatal()
            try whileWaiting()
        }
        reports.append(.awaited(topic: record.topic))
        outstanding += 1
        // Serves reports as they come, so that they do not pile up behind a large batch.
        if reports.count.isMultiple(of: 1024) { rd_kafka_poll(handle, 0) }
        return ticket
    }

    /// How many records have been sent whose fate is not known yet.
    public var outstandingCount: Int { outstanding }

    /// Waits up to `timeoutMs` for the reports on everything sent since the last flush, and returns them in the order of the tickets.
    ///
    /// A record without a report by then comes back as `_TIMED_OUT`: it may have been written, and may still be written later,
    /// unless `purge` takes it back. `whileWaiting` is called about ten times a second; when it throws, nothing is reported and
    /// the next flush covers the same records.
    public func flush(timeoutMs: Int, whileWaiting: () throws -> Void = {}) throws -> [Delivery] {
        let handle = try client.open()
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        while outstanding > 0 {
            let leftMs = (deadline - ContinuousClock.now) / .milliseconds(1)
            rd_kafka_flush(handle, min(Self.sliceMs, Int32(clamping: Int64(max(0, leftMs.rounded(.up))))))
            if outstanding == 0 || leftMs <= 0 { break }
            try whileWaiting()
        }
        return takeReports(timeoutMs: timeoutMs)
    }

    /// Takes back everything that is not acknowledged; the next flush reports it as `_PURGE_QUEUE` (was not sent) or
    /// `_PURGE_INFLIGHT` (was sent, so it may have been written).
    public func purge() throws {
        let handle = try client.open()
        rd_kafka_purge(handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
        rd_kafka_poll(handle, 0)
    }

    /// Errors that the producer goes on trying to overcome, such as a broker that cannot be reached; each is returned once.
    public func takeNotices() throws -> [KafkaError] {
        let handle = try client.open()
        rd_kafka_poll(handle, 0)
        return client.context.takeNotices()
    }

    /// How long one wait inside librdkafka lasts before the caller gets a turn.
    private static let sliceMs: Int32 = 100

    // MARK: - Reports

    private func receive(_ message: UnsafePointer<rd_kafka_message_t>) {
        let fields = message.pointee
        let ticket = UInt64(UInt(bitPattern: fields._private))
        // A report that comes after its flush has given up on it: the caller has been told that the fate is unknown.
        guard ticket >= firstTicket, ticket - firstTicket < UInt64(reports.count) else { return }
        let index = Int(ticket - firstTicket)
        guard case .awaited(let topic) = reports[index] else { return }
        outstanding -= 1
        if fields.err == RD_KAFKA_RESP_ERR_NO_ERROR {
            reports[index] = .delivered(
                Delivery.Position(
                    partition: fields.partition, offset: fields.offset < 0 ? nil : fields.offset,
                    timestampMs: messageTimestamp(message)))
        } else {
            let place = fields.partition < 0 ? topic : "\(topic)[\(fields.partition)]"
            reports[index] = .failed(KafkaError(code: fields.err, doing: "send a record to \(place)"))
        }
    }

    private func takeReports(timeoutMs: Int) -> [Delivery] {
        let deliveries = reports.enumerated().map { index, report in
            let result: Result<Delivery.Position, KafkaError> =
                switch report {
                case .delivered(let position): .success(position)
                case .failed(let error): .failure(error)
                case .awaited(let topic):
                    .failure(
                        client.failure(RD_KAFKA_RESP_ERR__TIMED_OUT, "no acknowledgement from \(topic) within \(timeoutMs) ms"))
                }
            return Delivery(ticket: firstTicket + UInt64(index), result: result)
        }
        firstTicket += UInt64(reports.count)
        reports.removeAll(keepingCapacity: true)
        outstanding = 0
        return deliveries
    }

    // MARK: - The C call

    private func topicHandle(_ name: String, _ handle: OpaquePointer) throws(KafkaError) -> OpaquePointer {
        if let topic = topics[name] { return topic }
        guard let topic = rd_kafka_topic_new(handle, name, nil) else {
            throw KafkaError(code: rd_kafka_last_error(), doing: "use topic \(name)")
        }
        topics[name] = topic
        return topic
    }

    /// One `rd_kafka_produceva`; librdkafka copies the key and the value, and takes the headers over when it succeeds.
    private func produce(
        _ record: OutgoingRecord, _ topic: OpaquePointer, _ ticket: UInt64, _ handle: OpaquePointer
    ) -> KafkaError? {
        let headers = makeHeaders(record.headers)
        let error = withBytes(record.key) { key in
            withBytes(record.value) { value in
                withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 7) { arguments in
                    arguments.initialize(repeating: rd_kafka_vu_t())
                    arguments[0].vtype = RD_KAFKA_VTYPE_RKT
                    arguments[0].u.rkt = topic
                    arguments[1].vtype = RD_KAFKA_VTYPE_PARTITION
                    arguments[1].u.i32 = record.partition ?? Int32(RD_KAFKA_PARTITION_UA)
                    arguments[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS
                    arguments[2].u.i = Int32(RD_KAFKA_MSG_F_COPY)
                    arguments[3].vtype = RD_KAFKA_VTYPE_OPAQUE
                    arguments[3].u.ptr = UnsafeMutableRawPointer(bitPattern: UInt(ticket))
                    arguments[4].vtype = RD_KAFKA_VTYPE_KEY
                    arguments[4].u.mem = .init(ptr: key.start, size: key.count)
                    arguments[5].vtype = RD_KAFKA_VTYPE_VALUE
                    arguments[5].u.mem = .init(ptr: value.start, size: value.count)
                    arguments[6].vtype = RD_KAFKA_VTYPE_HEADERS
                    arguments[6].u.headers = headers
                    return rd_kafka_produceva(handle, arguments.baseAddress, headers == nil ? 6 : 7)
                }
            }
        }
        if error != nil, let headers { rd_kafka_headers_destroy(headers) }
        return KafkaError(consuming: error, doing: "send a record to \(record.topic)")
    }

    private func makeHeaders(_ headers: [Header]) -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            var name = header.name
            name.withUTF8 { name in
                // librdkafka copies as many bytes as it is told, and ends them itself.
                name.withMemoryRebound(to: CChar.self) { name in
                    withBytes(header.value) { value in
                        _ = rd_kafka_header_add(list, name.baseAddress, name.count, value.start, value.count)
                    }
                }
            }
        }
        return list
    }

    /// The bytes' address; a null pointer for nil, and one that is not null for no bytes.
    private func withBytes<Result>(
        _ bytes: [UInt8]?, _ body: ((start: UnsafeMutableRawPointer?, count: Int)) -> Result
    ) -> Result {
        guard let bytes else { return body((nil, 0)) }
        guard !bytes.isEmpty else {
            return withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { body(($0.baseAddress, 0)) }
        }
        return bytes.withUnsafeBytes { body((UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)) }
    }
}
