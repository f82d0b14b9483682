/// What a change event says that matters here: whom to look at, and from which source position on.
///
/// Values are never taken from an event. The aggregate query reads them from MySQL, which removes the type trouble of change
/// events: https://debezium.io/documentation/reference/stable/connectors/mysql.html lists what becomes of each column type.
public struct ChangeEvent: Sendable, Equatable {
    /// Everyone the event concerns, without repetition: a row that moves from one user to another concerns both.
    ///
    /// Empty only for a tombstone whose key does not name the user: whether it is a delete of its own depends on the record before it.
    public var users: [UserID]
    /// The start of the event in the binary log; nil for tombstones and for unwrapped events that do not carry it.
    public var position: SourcePosition?
    public var operation: Operation
    /// Milliseconds since 1970 at which the source changed; nil where the event does not say.
    public var sourceTimestampMs: Int64?

    public init(users: [UserID], position: SourcePosition?, operation: Operation, sourceTimestampMs: Int64?) {
        self.users = users
        self.position = position
        self.operation = operation
        self.sourceTimestampMs = sourceTimestampMs
    }

    public enum Operation: Sendable, Equatable {
        case read, create, update, delete
        /// A null value: Debezium sends one after each delete, so that compaction can forget the key.
        case tombstone
    }
}

/// A change event that cannot be used, and why.
public struct ChangeEventError: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: ParkReason
    public let detail: String
    /// Users that the event names all the same, so that they can be looked at although the event is parked.
    public let users: [UserID]

    public init(_ reason: ParkReason, _ detail: String, users: [UserID] = []) {
        self.reason = reason
        self.detail = detail
        self.users = users
    }

    public var description: String { "\(reason.explanation): \(detail)" }
}

/// Decodes the change events of one topic, in every JSON shape that Debezium writes: with and without schema, as a full
/// envelope or unwrapped by `ExtractNewRecordState`.
public struct ChangeEventDecoder: Sendable {
    /// The name of the column that holds the user id, in key and row alike.
    public let userField: String
    public let kind: UserIDKind

    /// All that is looked at in an event. A row of a hundred columns is read past, and nothing is made of it.
    private let names: JSONNames

    public init(userField: String, kind: UserIDKind) {
        self.userField = userField
        self.kind = kind
        names = JSONNames(Self.names + [userField])
    }

    /// The envelope, its source, and what `add.fields` puts beside the columns of an unwrapped row.
    private static let names = [
        "payload", "op", "before", "after", "source", "table", "ts_ms", "file", "pos", "server_id", "gtid", "__deleted", "__op",
        "__source_file", "__file", "__source_pos", "__pos", "__source_server_id", "__server_id", "__source_gtid", "__gtid",
        "__source_table", "__table", "__source_ts_ms", "__ts_ms",
    ]

    /// Headers by which Debezium ties the two halves of a changed primary key together.
    private static let rekeyHeaders = ["__debezium.newkey", "__debezium.oldkey"]

    /// Reads one event.
    ///
    /// - Parameter header: The bytes of a record header by name.
    /// - Throws: ``ChangeEventError`` with the reason under which the record is to be parked.
    public func decode(
        key: [UInt8]?, value: [UInt8]?, header: (String) -> [UInt8]?
    ) throws(ChangeEventError) -> ChangeEvent {
        var users = UserList(userField: userField, kind: kind)
        var parts: [(name: String, bytes: [UInt8])] = key.map { [("key", $0)] } ?? []
        parts += Self.rekeyHeaders.compactMap { name in header(name).map { ("header \(name)", $0) } }
        for part in parts {
            users.note { list throws(ChangeEventError) in list.add(from: try payload(part.bytes, of: part.name)) }
        }
        var event: ChangeEvent?
        users.note { list throws(ChangeEventError) in event = try decode(key: key, value: value, &list) }
        // Whoever could be read beside the trouble is named, so that nobody waits for a person to look at the parked record.
        guard users.trouble == nil, let event else {
            let trouble = users.trouble ?? ChangeEventError(.unknownShape, "the value says nothing")
            throw ChangeEventError(trouble.reason, trouble.detail, users: users.ids)
        }
        return event
    }

    private func decode(
        key: [UInt8]?, value: [UInt8]?, _ users: inout UserList
    ) throws(ChangeEventError) -> ChangeEvent {
        guard let value else {
            guard key != nil else { throw ChangeEventError(.nullKey, "and no value either") }
            return ChangeEvent(users: users.ids, position: nil, operation: .tombstone, sourceTimestampMs: nil)
        }
        let body = try payload(value, of: "value")
        let event = try isEnvelope(body) ? envelope(body, &users) : unwrapped(body, &users)
        if key == nil {
            throw ChangeEventError(
                .nullKey, "operation \(event.operation); give the table a primary key, or the connector message.key.columns")
        }
        if event.users.isEmpty { throw ChangeEventError(.noUserID, "no field `\(userField)` in key, before or after") }
        return event
    }

    /// A row that was unwrapped may have columns of the envelope's names, but no column of a row is an object.
    private func isEnvelope(_ body: JSONValue) -> Bool {
        body["op"] != nil && [body["source"], body["before"], body["after"]].contains { $0?.members != nil }
    }

    private func envelope(_ body: JSONValue, _ users: inout UserList) throws(ChangeEventError) -> ChangeEvent {
        users.add(from: body["before"])
        users.add(from: body["after"])
        return ChangeEvent(
            users: users.ids, position: position(body["source"]),
            operation: try operation(body["op"], table: body["source"]?["table"]),
            sourceTimestampMs: body["source"]?["ts_ms"]?.integer)
    }

    /// The row itself is the value; `add.fields` puts operation and position beside the columns, prefixed with `__`.
    private func unwrapped(_ body: JSONValue, _ users: inout UserList) throws(ChangeEventError) -> ChangeEvent {
        guard body.members != nil else {
            throw ChangeEventError(.unknownShape, "the value is not an object")
        }
        users.add(from: body)
        let deleted = body["__deleted"] == "true" || body["__deleted"] == true
        let fallback: ChangeEvent.Operation = deleted ? .delete : .update
        let position = position(
            file: body["__source_file"] ?? body["__file"], offset: body["__source_pos"] ?? body["__pos"],
            server: body["__source_server_id"] ?? body["__server_id"],
            gtid: body["__source_gtid"] ?? body["__gtid"])
        return ChangeEvent(
            users: users.ids, position: position,
            operation: body["__op"] == nil
                ? fallback : try operation(body["__op"], table: body["__source_table"] ?? body["__table"]),
            sourceTimestampMs: (body["__source_ts_ms"] ?? body["__ts_ms"])?.integer)
    }

    private func operation(_ code: JSONValue?, table: JSONValue?) throws(ChangeEventError) -> ChangeEvent.Operation {
        switch code {
        case "r": return .read
        case "c": return .create
        case "u": return .update
        case "d": return .delete
        // A TRUNCATE names a table and no user: the users that it removed are found by reconciliation.
        case "t": throw ChangeEventError(.truncate, "table `\(table?.text ?? "unknown")`")
        default: throw ChangeEventError(.unknownOperation, "op \(code?.description.prefix(40) ?? "absent")")
        }
    }

    private func position(_ source: JSONValue?) -> SourcePosition? {
        position(file: source?["file"], offset: source?["pos"], server: source?["server_id"], gtid: source?["gtid"])
    }

    private func position(
        file: JSONValue?, offset: JSONValue?, server: JSONValue?, gtid: JSONValue?
    ) -> SourcePosition? {
        let gtids = gtid?.text.flatMap { GTIDSet($0) }
        guard let file = file?.text, let offset = offset?.unsignedInteger else { return SourcePosition(place: nil, gtids: gtids) }
        // Snapshot records carry server id 0: Debezium has read no binary log event yet that would tell it.
        let server = server?.unsignedInteger.flatMap { $0 == 0 ? nil : $0 }
        return SourcePosition(place: BinlogPlace(server: server, file: file, offset: offset), gtids: gtids)
    }

    /// The JSON in these bytes, without the schema that `schemas.enable=true` wraps around it.
    private func payload(_ bytes: [UInt8], of part: String) throws(ChangeEventError) -> JSONValue {
        if bytes.first == 0, bytes.count > 4 {
            throw ChangeEventError(.confluentEncoded, "the \(part) begins with a zero byte")
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: bytes, keeping: names)
        } catch {
            throw ChangeEventError(.notJSON, "the \(part) is \(error)")
        }
        if let members = json.members, members.count == 2, let payload = json["payload"], json["schema"] != nil {
            return payload
        }
        return json
    }
}

/// Collects user ids from objects, each once, in the order of their appearance, and the first trouble on the way.
private struct UserList {
    let userField: String
    let kind: UserIDKind
    var ids: [UserID] = []
    var trouble: ChangeEventError?

    init(userField: String, kind: UserIDKind) {
        self.userField = userField
        self.kind = kind
    }

    /// Goes on after `body` whatever happened in it: a part that cannot be read must not hide the users of the next one.
    mutating func note(_ body: (inout UserList) throws(ChangeEventError) -> Void) {
        do throws(ChangeEventError) {
            try body(&self)
        } catch {
            trouble = trouble ?? error
        }
    }

    /// Adds the id that the object carries; an object without the field, and null, add nothing.
    mutating func add(from object: JSONValue?) {
        guard let value = object?[userField], !value.isNull else { return }
        do throws(UserIDError) {
            let id = try kind.parse(value)
            if !ids.contains(id) { ids.append(id) }
        } catch {
            trouble = trouble ?? ChangeEventError(.badUserID, "\(error)")
        }
    }
}
