import CRDKafka

extension Consumer {
    /// Gives the share back, tells the group that this member goes, and waits for the group's answer; gives up after `timeoutMs`.
    ///
    /// `rd_kafka_consumer_close` does it in one call, which may never return: it waits for commits that librdkafka 2.0.2 repeats for
    /// ever when there is no coordinator (librdkafka issue 3740), and for answers that are thrown away. As soon as a closing consumer
    /// has nothing left to do, librdkafka empties its queue of requests without replying to them (`rd_kafka_cgrp_terminated`), and
    /// `rd_kafka_assign`, which answers a rebalance, waits for its reply without a limit. Hence nothing is answered once the consumer is
    /// closing. It need not be: librdkafka waits for an answer only to a revocation that the closing itself brings about, and a
    /// consumer that holds no share has none to be revoked.
    func leaveGroup(_ handle: OpaquePointer, timeoutMs: Int) {
        let deadline = ContinuousClock.now + .milliseconds(timeoutMs)
        guard giveShareBack(handle, until: deadline), let queue = rd_kafka_queue_new(handle) else { return }
        defer { rd_kafka_queue_destroy(queue) }
        if KafkaError(consuming: rd_kafka_consumer_close_queue(handle, queue), doing: "close") != nil { return }
        while rd_kafka_consumer_closed(handle) == 0, ContinuousClock.now < deadline {
            // As events and not through callbacks: records are among them, and rd_kafka_queue_poll_callback aborts the process on one.
            guard let event = rd_kafka_queue_poll(queue, 100) else { continue }
            rd_kafka_event_destroy(event)
        }
    }

    /// Ends the subscription and lets the group take its share back. Returns false where that did not happen before the deadline, and
    /// after a fatal error, which ends all rebalances; then `ClientHandle.destroy` lets go of everything by itself.
    private func giveShareBack(_ handle: OpaquePointer, until deadline: ContinuousClock.Instant) -> Bool {
        // The consumer may be on its way out of memory: from here on, no callback may reach it.
        var holds = holdsShare
        client.context.onRebalance = { handle, event, partitions in
            holds = event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
            rd_kafka_assign(handle, holds ? partitions : nil)
        }
        defer { client.context.onRebalance = nil }
        guard holds else { return true }
        rd_kafka_unsubscribe(handle)
        while holds {
            let isFatal = rd_kafka_fatal_error(handle, nil, 0) != RD_KAFKA_RESP_ERR_NO_ERROR
            guard !isFatal, ContinuousClock.now < deadline else { return false }
            // Records that were fetched before the revocation are before it in the queue.
            if let message = rd_kafka_consumer_poll(handle, 100) { rd_kafka_message_destroy(message) }
        }
        return true
    }
}
