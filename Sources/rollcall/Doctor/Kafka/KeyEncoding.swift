import Domain

/// How a key is written.
enum KeyEncoding: String, Sendable, CaseIterable {
    case absent = "null"
    case empty
    /// `42`, which is also JSON.
    case plain = "plain text"
    /// `"42"`
    case quoted = "a JSON string"
    /// `{"user_id":42}`
    case object = "a JSON object"
    /// `{"schema":{…},"payload":{"user_id":42}}`
    case withSchema = "a JSON object with schema"
    /// A schema registry's magic byte, then Avro.
    case registry = "a schema registry's binary form"

    init(_ key: [UInt8]?) {
        guard let key else {
            self = .absent
            return
        }
        switch key.first {
        case nil: self = .empty
        case 0 where key.count > 5: self = .registry
        case UInt8(ascii: "{"):
            switch try? JSONValue(parsing: key) {
            case .object(let members)?: self = Set(members.map(\.name)) == ["schema", "payload"] ? .withSchema : .object
            default: self = .plain
            }
        case UInt8(ascii: "\""):
            if case .string? = try? JSONValue(parsing: key) { self = .quoted } else { self = .plain }
        default: self = .plain
        }
    }
}
