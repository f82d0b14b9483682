import Domain
import Kafka
import Source

/// Sends signals for users, so that the pipeline looks at them again. There is no other way in: values are never written by
/// hand, and order per user stays what the pipeline makes it.
public struct Repair {
    private let source: SourceSettings
    private let kafkaProperties: Properties
    private let signalsTopic: String

    public init(source: SourceSettings, kafkaProperties: Properties, signalsTopic: String) {
        self.source = source
        self.kafkaProperties = kafkaProperties
        self.signalsTopic = signalsTopic
    }

    /// Whether a signal can mend a finding of this cause. A stray record lies where no signal leads.
    public static func canMend(_ cause: Cause?) -> Bool {
        cause?.isMendedBySignal ?? true
    }

    /// Publishes one signal per user, and returns when the broker has acknowledged all of them.
    ///
    /// The signals carry the present end of the binary log, so that the rows are read no earlier than now.
    /// - Throws: `KafkaError` or `MySQLError`; some of the signals may have been published then, which does no harm.
    public func publish(_ users: some Sequence<UserID>, cause: Signal.Cause = .repair, timeoutMs: Int = 30_000) throws {
        let reader = try SourceReader(source)
        defer { reader.close() }
        let position = try reader.binlogEnd()
        let producer = try Producer(properties: kafkaProperties)
        defer { producer.close() }
        for user in users {
            let signal = Signal(user: user, position: position, cause: cause)
            _ = try producer.send(OutgoingRecord(topic: signalsTopic, key: signal.key, value: signal.value))
        }
        for delivery in try producer.flush(timeoutMs: timeoutMs) {
            _ = try delivery.result.get()
        }
    }
}
