/// What a Debezium connector last committed as its source offset: everything before ``position`` has been handed over.
///
/// Inside a transaction the connector commits the transaction's start together with the number of events to skip, so the
/// position never runs ahead of what was delivered:
/// https://debezium.io/documentation/reference/stable/development/engine.html#engine-offsets
public struct ConnectorOffset: Sendable, Equatable {
    public var position: SourcePosition
    /// Whether the connector is still copying the tables: what it streams later has not begun.
    public var isSnapshot: Bool

    public init(position: SourcePosition, isSnapshot: Bool) {
        self.position = position
        self.isSnapshot = isSnapshot
    }

    /// Whether a record of Connect's offsets topic is of this connector: its key is `["name",{"server":"prefix"}]`.
    public static func isKey(_ key: [UInt8]?, ofConnector name: String, server: String?) -> Bool {
        guard let key, case .array(let parts) = try? JSONValue(parsing: key), parts.count == 2, parts[0] == .string(name) else {
            return false
        }
        return server.map { parts[1]["server"] == .string($0) } ?? true
    }

    /// Reads the record's value; nil when it holds no binary log position.
    public init?(value: [UInt8]) {
        guard let json = try? JSONValue(parsing: value), let file = json["file"]?.text,
            let offset = json["pos"]?.unsignedInteger,
            let place = BinlogPlace(
                server: json["server_id"]?.unsignedInteger.flatMap { $0 == 0 ? nil : $0 }, file: file, offset: offset),
            let position = SourcePosition(place: place, gtids: json["gtids"]?.text.flatMap { GTIDSet($0) })
        else { return nil }
        let isPresent = json["snapshot"].map { !$0.isNull && $0 != false && $0 != "false" } ?? false
        self.init(position: position, isSnapshot: isPresent)
    }
}
