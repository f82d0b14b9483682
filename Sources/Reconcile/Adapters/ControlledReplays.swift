import Domain
import Kafka

/// The replays that stand on the control topic of a real broker.
final class ControlledReplays: ReplayPort {
    private let topicName: String
    private let properties: Properties
    private let timeoutMs: Int
    /// Nil until somebody asks, and as long as there is no such topic: then nobody has ever asked for a replay.
    private var topic: KafkaTopic?
    private var next: [Int32: Int64] = [:]
    private var open: Set<String> = []

    init(_ topicName: String, properties: Properties, timeoutMs: Int) {
        self.topicName = topicName
        self.properties = properties
        self.timeoutMs = timeoutMs
    }

    func close() { topic?.close() }

    func underWay() throws -> [String] {
        do {
            let topic = try self.topic ?? KafkaTopic(topicName, properties: properties, timeoutMs: timeoutMs)
            self.topic = topic
            try catchUp(topic)
        } catch ReconcileError.topicAbsent {
            return []
        }
        // Their ids are in the order of their times.
        return open.sorted()
    }

    private func catchUp(_ topic: KafkaTopic) throws {
        let bounds = try topic.bounds()
        // A topic that was created anew begins anew.
        if bounds.contains(where: { $0.value.end < next[$0.key] ?? 0 }) {
            next = [:]
            open = []
        }
        let start = bounds.reduce(into: [:]) { $0[$1.key] = max(next[$1.key] ?? 0, $1.value.low) }
        try topic.read(from: start, to: bounds.mapValues(\.end)) { entry, key in
            // `flatMap` would demand that a span may escape.
            guard let key, let id = key.withUnsafeBytes({ ReplayKey(Array($0))?.requestID }) else { return }
            if entry.digest == nil { open.remove(id) } else { open.insert(id) }
        }
        next = bounds.mapValues(\.end)
    }
}
