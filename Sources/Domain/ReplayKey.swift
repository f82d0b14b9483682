/// The key of a record on the control topic that asks for a replay, and lies there until the replay is done: `replay/ID`.
///
/// What else belongs to a request has keys that go on behind its id.
public struct ReplayKey: Sendable, Equatable {
    /// The request's id, which holds no slash.
    public var requestID: String

    public init(requestID: String) {
        self.requestID = requestID
    }

    /// Reads a key; nil for any other record's.
    public init?(_ key: [UInt8]) {
        guard let text = String(validating: key, as: UTF8.self), text.hasPrefix(Self.prefix) else { return nil }
        let id = text.dropFirst(Self.prefix.count)
        guard !id.isEmpty, !id.contains("/") else { return nil }
        requestID = String(id)
    }

    private static let prefix = "replay/"

    public var text: String { Self.prefix + requestID }
}
