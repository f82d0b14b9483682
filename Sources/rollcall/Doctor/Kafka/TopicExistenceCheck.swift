/// The topics have to be there.
enum TopicExistenceCheck {
    /// Who creates a topic that is not there yet.
    enum Owner: Sendable {
        case connector
        case stream
        case connect
    }

    static func judge(_ facts: TopicFacts, owner: Owner) -> Check {
        let precondition = Precondition("kafka.topic.\(facts.name)", why: why(owner))
        guard let count = facts.partitionCount else {
            return precondition.warning("topic \(facts.name) does not exist yet", mend: mend(owner, facts.name))
        }
        return precondition.ok("topic \(facts.name) has \(count) \(count == 1 ? "partition" : "partitions")")
    }

    private static func why(_ owner: Owner) -> String {
        switch owner {
        case .connector: "Debezium writes a table's changes here. It creates the topic with the first change, if Connect may."
        case .stream: "`rollcall stream` creates its own topics as they have to be, if it may."
        case .connect: "Connect keeps the connector's source offsets here; they are what the fence of `verify` stands on."
        }
    }

    private static func mend(_ owner: Owner, _ topic: String) -> String {
        switch owner {
        case .connector: "rollcall connector status    # has it begun? is \(topic) what it writes to?"
        case .stream:
            "rollcall stream    # or create it, compacted unless it is the signals topic: kafka-topics.sh --create --topic \(topic)"
        case .connect: "connector.offsets_topic in the settings has to be offset.storage.topic of Connect's worker"
        }
    }
}
