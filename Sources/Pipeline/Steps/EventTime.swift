import Domain
import Kafka

/// When a change event was written: carried from hop to hop, so that the last one can tell how long the whole way took.
enum EventTime {
    static func header(_ timeMs: Int64?) -> Header? {
        timeMs.map { Header(HeaderName.eventTime, text: String($0)) }
    }

    /// What the header says; nil where it says no time. Anybody may have written it.
    static func of(_ record: Record) -> Int64? {
        guard let timeMs = record.header(HeaderName.eventTime).flatMap({ String(utf8: $0) }).flatMap({ Int64($0) }), timeMs >= 0
        else { return nil }
        return timeMs
    }

    static func older(_ one: Int64?, _ other: Int64?) -> Int64? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }
}
