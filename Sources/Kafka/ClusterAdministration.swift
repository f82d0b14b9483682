import CRDKafka

extension Cluster {
    /// Creates a topic. Throws `TOPIC_ALREADY_EXISTS` where there is one of that name.
    ///
    /// `config` holds topic settings of the broker, such as `cleanup.policy: compact`. `replication` -1 leaves the factor to the broker.
    public func createTopic(
        _ name: String, partitions: Int, replication: Int = -1, config: [String: String] = [:], timeoutMs: Int = 15_000
    ) throws {
        var topic: OpaquePointer?
        let failure = withErrorText { text, size in
            topic = rd_kafka_NewTopic_new(name, Int32(clamping: partitions), Int32(clamping: replication), text, size)
            return topic != nil
        }
        guard topic != nil, failure == nil else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG, message: "create topic \(name): \(failure ?? "invalid")")
        }
        defer { rd_kafka_NewTopic_destroy(topic) }
        for (key, value) in config {
            let code = rd_kafka_NewTopic_set_config(topic, key, value)
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(code: code, doing: "create topic \(name) with \(key)=\(value)")
            }
        }
        try client.request("create topic \(name)", RD_KAFKA_ADMIN_OP_CREATETOPICS, timeoutMs: timeoutMs) {
            handle, options, queue in
            rd_kafka_CreateTopics(handle, &topic, 1, options, queue)
        } read: { event in
            var count = 0
            let results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count)
            for index in 0..<count {
                let result = results?[index]
                let code = rd_kafka_topic_result_error(result)
                guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { continue }
                let text = rd_kafka_topic_result_error_string(result) ?? rd_kafka_err2str(code)
                throw KafkaError(code: code, message: "create topic \(name): \(text.map { String(cString: $0) } ?? "")")
            }
        }
    }

    /// The topic's settings, defaults included; nil where the broker cannot say (it does not know the request).
    public func describeTopicConfig(_ topic: String, timeoutMs: Int = 10_000) throws -> [String: String]? {
        try describeConfig(RD_KAFKA_RESOURCE_TOPIC, topic, "topic \(topic)", timeoutMs: timeoutMs)
    }

    /// The settings of one broker, the controller, defaults included; nil where it cannot say or may not tell us.
    public func describeBrokerConfig(timeoutMs: Int = 10_000) throws -> [String: String]? {
        guard let broker = try controller(timeoutMs: timeoutMs) else { return nil }
        do {
            return try describeConfig(RD_KAFKA_RESOURCE_BROKER, String(broker), "broker \(broker)", timeoutMs: timeoutMs)
        } catch let error as KafkaError where error.code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED.rawValue {
            return nil
        }
    }

    /// The broker that answers administrative requests; nil where there is none, so that waiting for it would be in vain: the mock
    /// cluster names one that it does not have.
    private func controller(timeoutMs: Int) throws -> Int32? {
        let number = rd_kafka_controllerid(try client.open(), Int32(clamping: timeoutMs))
        guard number >= 0 else { return nil }
        return try client.metadata("list brokers", timeoutMs: timeoutMs) { brokers, _ in
            brokers.contains { $0.id == number } ? number : nil
        }
    }

    private func describeConfig(
        _ type: rd_kafka_ResourceType_t, _ name: String, _ resourceName: String, timeoutMs: Int
    ) throws -> [String: String]? {
        guard try controller(timeoutMs: timeoutMs) != nil else { return nil }
        var resource = rd_kafka_ConfigResource_new(type, name)
        guard resource != nil else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG, message: "describe \(resourceName): not a name")
        }
        defer { rd_kafka_ConfigResource_destroy(resource) }
        do {
            return try client.request(
                "describe \(resourceName)", RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeoutMs: timeoutMs
            ) { handle, options, queue in
                rd_kafka_DescribeConfigs(handle, &resource, 1, options, queue)
            } read: { event in
                try describedConfig(event, resourceName)
            }
        } catch let error as KafkaError where error.code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE.rawValue {
            return nil
        }
    }

    /// What another group has committed; a partition for which it never has is absent.
    public func committed(
        group: String, _ partitions: [TopicPartition], timeoutMs: Int
    ) throws -> [TopicPartition: Int64] {
        guard !partitions.isEmpty else { return [:] }
        return try PartitionList.with(partitions) { list in
            var query = rd_kafka_ListConsumerGroupOffsets_new(group, list)
            defer { rd_kafka_ListConsumerGroupOffsets_destroy(query) }
            return try client.request(
                "read the offsets of group \(group)", RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeoutMs: timeoutMs
            ) { handle, options, queue in
                rd_kafka_ListConsumerGroupOffsets(handle, &query, 1, options, queue)
            } read: { event in
                try groupOffsets(event, group)
            }
        }
    }
}

/// The settings in the answer to DescribeConfigs.
private func describedConfig(_ event: OpaquePointer, _ resourceName: String) throws -> [String: String] {
    var count = 0
    let resources = rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count)
    guard count > 0, let resource = resources?[0] else { return [:] }
    let code = rd_kafka_ConfigResource_error(resource)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
        throw KafkaError(code: code, doing: "describe \(resourceName)")
    }
    var entryCount = 0
    let entries = rd_kafka_ConfigResource_configs(resource, &entryCount)
    var config: [String: String] = [:]
    for index in 0..<entryCount {
        guard let name = rd_kafka_ConfigEntry_name(entries?[index]) else { continue }
        // A value that is secret comes back as null.
        config[String(cString: name)] = rd_kafka_ConfigEntry_value(entries?[index]).map { String(cString: $0) } ?? ""
    }
    return config
}

/// The offsets in the answer to ListConsumerGroupOffsets.
private func groupOffsets(_ event: OpaquePointer, _ group: String) throws -> [TopicPartition: Int64] {
    var count = 0
    let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &count)
    guard count > 0, let result = groups?[0] else { return [:] }
    if let error = rd_kafka_group_result_error(result) {
        throw KafkaError(
            code: rd_kafka_error_code(error),
            message: "read the offsets of group \(group): \(String(cString: rd_kafka_error_string(error)))")
    }
    let list = rd_kafka_group_result_partitions(result)
    for entry in PartitionList.entries(list) where entry.code != RD_KAFKA_RESP_ERR_NO_ERROR {
        throw KafkaError(code: entry.code, doing: "read the offset of group \(group) for \(entry.partition)")
    }
    return committedOffsets(list)
}

extension ClientHandle {
    /// One administrative request: sends it, waits for its answer and hands that to `read`.
    fileprivate func request<Answer>(
        _ action: String, _ operation: rd_kafka_admin_op_t, broker: Int32? = nil, timeoutMs: Int,
        send: (_ handle: OpaquePointer, _ options: OpaquePointer?, _ queue: OpaquePointer) -> Void,
        read: (_ event: OpaquePointer) throws -> Answer
    ) throws -> Answer {
        let handle = try open()
        guard let queue = rd_kafka_queue_new(handle) else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, message: "\(action): out of memory for a queue")
        }
        defer { rd_kafka_queue_destroy(queue) }
        let options = rd_kafka_AdminOptions_new(handle, operation)
        defer { rd_kafka_AdminOptions_destroy(options) }
        _ = withErrorText { text, size in
            rd_kafka_AdminOptions_set_request_timeout(options, Int32(clamping: timeoutMs), text, size)
                == RD_KAFKA_RESP_ERR_NO_ERROR
        }
        if let broker {
            _ = withErrorText { text, size in
                rd_kafka_AdminOptions_set_broker(options, broker, text, size) == RD_KAFKA_RESP_ERR_NO_ERROR
            }
        }
        send(handle, options, queue)
        // The request ends by itself at its own timeout; this one is only longer, so that its answer is not missed.
        guard let event = rd_kafka_queue_poll(queue, Int32(clamping: timeoutMs + 1000)) else {
            throw failure(RD_KAFKA_RESP_ERR__TIMED_OUT, action)
        }
        defer { rd_kafka_event_destroy(event) }
        let code = rd_kafka_event_error(event)
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            collectNotices()
            var error = failure(code, action)
            if let text = rd_kafka_event_error_string(event) { error.message += ": \(String(cString: text))" }
            throw error
        }
        return try read(event)
    }
}
