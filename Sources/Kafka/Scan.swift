import CRDKafka

/// Room for the messages of one batch.
final class ScanBuffer {
    let messages: UnsafeMutableBufferPointer<UnsafeMutablePointer<rd_kafka_message_t>?>

    /// Enough to spread the cost of taking the queue's lock; a message on hold here is also memory that stays fetched.
    static let capacity = 1024

    init() {
        messages = .allocate(capacity: Self.capacity)
        messages.initialize(repeating: nil)
    }

    deinit {
        messages.deallocate()
    }
}

extension Consumer {
    /// Waits up to `timeoutMs` for records of the manual assignment and shows up to `maxRecords` of them to `body`, without an
    /// allocation per record.
    ///
    /// ```swift
    /// try consumer.assign([TopicPartition("god", 0): 0])
    /// let progress = try consumer.scan(timeoutMs: 1000, maxRecords: 100_000) { record, key, value in
    ///     fold.add(key, value, at: record.offset)
    /// }
    /// ```
    ///
    /// The key and the value are borrowed; nil is null. They are arguments, not properties of the record, because Swift 6.3 lets a function
    /// take a span but not return one (that is behind an experimental flag); as arguments they cannot escape either.
    /// Returns as soon as no more records are waiting. When `body` throws, the rest of what was taken from the
    /// queue is dropped: assign again to go on.
    ///
    /// For manual assignments only: a group's rebalance inside a batch could not be told apart from the records before and after it.
    public func scan(
        timeoutMs: Int, maxRecords: Int,
        _ body: (_ record: borrowing RecordView, _ key: RawSpan?, _ value: RawSpan?) throws -> Void
    ) throws -> ScanProgress {
        let handle = try client.open()
        try releaseHold()
        let queue = try openFetchQueue(handle)
        let buffer = scanBuffer ?? ScanBuffer()
        scanBuffer = buffer
        var progress = ScanProgress()
        // rd_kafka_consume_batch_queue waits until the array is full or the time is over. So wait for one message, and
        // then take what is there.
        guard let first = try waitForFirst(handle, queue, timeoutMs: timeoutMs) else { return try finish(&progress) }
        buffer.messages[0] = first
        var count = 1
        while count > 0 {
            let bytes = progress.valueBytes
            try show(buffer.messages[..<count], &progress, body)
            if queue.isDrainDue(taken: count, takenBytes: progress.valueBytes - bytes) { try wakeFetching(handle) }
            let room = min(ScanBuffer.capacity, maxRecords - progress.records)
            guard room > 0 else { break }
            count = max(0, Int(rd_kafka_consume_batch_queue(queue.handle, 0, buffer.messages.baseAddress, room)))
        }
        return try finish(&progress)
    }

    private func waitForFirst(
        _ handle: OpaquePointer, _ queue: FetchQueue, timeoutMs: Int
    ) throws -> UnsafeMutablePointer<rd_kafka_message_t>? {
        let shortMs = min(timeoutMs, Self.restlessMs)
        if let first = rd_kafka_consumer_poll(handle, Int32(clamping: shortMs)) { return first }
        if queue.isDrainDue(taken: 0, takenBytes: 0) { try wakeFetching(handle) }
        return timeoutMs > shortMs ? rd_kafka_consumer_poll(handle, Int32(clamping: timeoutMs - shortMs)) : nil
    }

    /// After so long without a message it is worth making sure that somebody asks for more.
    private static let restlessMs = 20

    private func finish(_ progress: inout ScanProgress) throws(KafkaError) -> ScanProgress {
        try client.throwIfFatal()
        progress.notices += client.context.takeNotices()
        return progress
    }

    /// Shows the records of a batch and frees all of its messages, whatever happens.
    private func show(
        _ messages: Slice<UnsafeMutableBufferPointer<UnsafeMutablePointer<rd_kafka_message_t>?>>,
        _ progress: inout ScanProgress,
        _ body: (_ record: borrowing RecordView, _ key: RawSpan?, _ value: RawSpan?) throws -> Void
    ) throws {
        var next = messages.startIndex
        defer {
            for case let message? in messages[next...] { rd_kafka_message_destroy(message) }
        }
        while next < messages.endIndex {
            if let message = messages[next] {
                switch message.pointee.err {
                case RD_KAFKA_RESP_ERR_NO_ERROR:
                    try show(message, body)
                    progress.records += 1
                    progress.valueBytes += message.pointee.len
                case RD_KAFKA_RESP_ERR__PARTITION_EOF:
                    let topic = String(cString: rd_kafka_topic_name(message.pointee.rkt))
                    progress.ends[TopicPartition(topic, message.pointee.partition)] = message.pointee.offset
                default:
                    client.context.note(KafkaError(event: message))
                }
                rd_kafka_message_destroy(message)
            }
            next += 1
        }
    }

    private func show(
        _ message: UnsafeMutablePointer<rd_kafka_message_t>,
        _ body: (_ record: borrowing RecordView, _ key: RawSpan?, _ value: RawSpan?) throws -> Void
    ) throws {
        let record = RecordView(message)
        let key = bytes(message.pointee.key, message.pointee.key_len)
        let value = bytes(message.pointee.payload, message.pointee.len)
        switch (key, value) {
        case (let key?, let value?): try body(record, key.bytes, value.bytes)
        case (let key?, nil): try body(record, key.bytes, nil)
        case (nil, let value?): try body(record, nil, value.bytes)
        case (nil, nil): try body(record, nil, nil)
        }
    }
}
