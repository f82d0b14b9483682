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
    /// The place of `userField` among them.
    private let userName: Int

    public init(userField: String, kind: UserIDKind) {
        self.userField = userField
        self.kind = kind
        names = JSONNames(Field.allCases.map(\.name) + [userField])
        // It may be the name of a field of the envelope as well.
        userName = names.place(of: userField) ?? Field.allCases.count
    }

    /// Headers by which Debezium ties the two halves of a changed primary key together.
    private static let rekeyHeaders = ["__debezium.newkey", "__debezium.oldkey"]

    /// Reads one event.
    ///
    /// - Parameter header: The bytes of a record header by name.
    /// - Throws: ``ChangeEventError`` with the reason under which the record is to be parked.
    public func decode(
        key: [UInt8]?, value: [UInt8]?, header: (String) -> [UInt8]?
    ) throws(ChangeEventError) -> ChangeEvent {
        var users = UserList(kind: kind)
        if let key {
            users.note { list throws(ChangeEventError) in try add(payload(key, of: "key"), to: &list) }
        }
        for name in Self.rekeyHeaders {
            guard let other = header(name) else { continue }
            users.note { list throws(ChangeEventError) in try add(payload(other, of: "header \(name)"), to: &list) }
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
    private func isEnvelope(_ body: Payload) -> Bool {
        body[.op] != nil && (body.isObject(.source) || body.isObject(.before) || body.isObject(.after))
    }

    private func envelope(_ body: Payload, _ users: inout UserList) throws(ChangeEventError) -> ChangeEvent {
        add(body.within(.before), to: &users)
        add(body.within(.after), to: &users)
        let source = body.within(.source)
        return ChangeEvent(
            users: users.ids,
            position: position(
                source, file: source?[.file], offset: source?[.pos], server: source?[.serverID], gtid: source?[.gtid]),
            operation: try operation(body, body[.op], table: source.flatMap { $0.outline.text($0[.table]) }),
            sourceTimestampMs: source.flatMap { $0.outline.integer($0[.timestamp]) })
    }

    /// The row itself is the value; `add.fields` puts operation and position beside the columns, prefixed with `__`.
    private func unwrapped(_ body: Payload, _ users: inout UserList) throws(ChangeEventError) -> ChangeEvent {
        guard body.outline.isObject(body.place) else {
            throw ChangeEventError(.unknownShape, "the value is not an object")
        }
        add(body, to: &users)
        let deleted = body.outline.text(body[.addedDeleted]) == "true" || body.outline.isTrue(body[.addedDeleted])
        let fallback: ChangeEvent.Operation = deleted ? .delete : .update
        let position = position(
            body, file: body[.addedSourceFile] ?? body[.addedFile], offset: body[.addedSourcePos] ?? body[.addedPos],
            server: body[.addedSourceServerID] ?? body[.addedServerID], gtid: body[.addedSourceGTID] ?? body[.addedGTID])
        let table = body.outline.text(body[.addedSourceTable] ?? body[.addedTable])
        return ChangeEvent(
            users: users.ids, position: position,
            operation: body[.addedOp] == nil ? fallback : try operation(body, body[.addedOp], table: table),
            sourceTimestampMs: body.outline.integer(body[.addedSourceTimestamp] ?? body[.addedTimestamp]))
    }

    private func operation(
        _ payload: Payload, _ code: JSONOutline.Place?, table: String?
    ) throws(ChangeEventError) -> ChangeEvent.Operation {
        switch payload.outline.text(code) {
        case "r": return .read
        case "c": return .create
        case "u": return .update
        case "d": return .delete
        // A TRUNCATE names a table and no user: the users that it removed are found by reconciliation.
        case "t": throw ChangeEventError(.truncate, "table `\(table ?? "unknown")`")
        default:
            let shown = code.map { String(payload.outline.value($0).description.prefix(40)) }
            throw ChangeEventError(.unknownOperation, "op \(shown ?? "absent")")
        }
    }

    private func position(
        _ payload: Payload?, file: JSONOutline.Place?, offset: JSONOutline.Place?, server: JSONOutline.Place?,
        gtid: JSONOutline.Place?
    ) -> SourcePosition? {
        guard let outline = payload?.outline else { return nil }
        let gtids = outline.text(gtid).flatMap { GTIDSet($0) }
        guard let file = outline.text(file), let offset = outline.unsignedInteger(offset) else {
            return SourcePosition(place: nil, gtids: gtids)
        }
        // Snapshot records carry server id 0: Debezium has read no binary log event yet that would tell it.
        let server = outline.unsignedInteger(server).flatMap { $0 == 0 ? nil : $0 }
        return SourcePosition(place: BinlogPlace(server: server, file: file, offset: offset), gtids: gtids)
    }

    /// Adds the user whom the object names.
    private func add(_ object: Payload?, to users: inout UserList) {
        guard let object, let field = object.outline.member(userName, of: object.place) else { return }
        users.add(field, in: object.outline)
    }

    /// The JSON in these bytes, without the schema that `schemas.enable=true` wraps around it.
    private func payload(_ bytes: [UInt8], of part: String) throws(ChangeEventError) -> Payload {
        if bytes.first == 0, bytes.count > 4 {
            throw ChangeEventError(.confluentEncoded, "the \(part) begins with a zero byte")
        }
        let outline: JSONOutline
        do throws(JSONError) {
            outline = try JSONOutline(bytes, names)
        } catch {
            throw ChangeEventError(.notJSON, "the \(part) is \(error)")
        }
        let whole = Payload(outline: outline, place: outline.whole)
        if outline.memberCount(of: whole.place) == 2, whole[.schema] != nil, let payload = whole.within(.payload) {
            return payload
        }
        return whole
    }
}

/// The envelope, its source, and what `add.fields` puts beside the columns of an unwrapped row.
private enum Field: Int, CaseIterable {
    case payload, schema, op, before, after, source, table, timestamp, file, pos, serverID, gtid
    case addedDeleted, addedOp, addedSourceFile, addedFile, addedSourcePos, addedPos, addedSourceServerID, addedServerID
    case addedSourceGTID, addedGTID, addedSourceTable, addedTable, addedSourceTimestamp, addedTimestamp

    var name: String {
        switch self {
        case .payload: "payload"
        case .schema: "schema"
        case .op: "op"
        case .before: "before"
        case .after: "after"
        case .source: "source"
        case .table: "table"
        case .file: "file"
        case .pos: "pos"
        case .gtid: "gtid"
        case .timestamp: "ts_ms"
        case .serverID: "server_id"
        case .addedDeleted: "__deleted"
        case .addedOp: "__op"
        case .addedSourceFile: "__source_file"
        case .addedFile: "__file"
        case .addedSourcePos: "__source_pos"
        case .addedPos: "__pos"
        case .addedSourceServerID: "__source_server_id"
        case .addedServerID: "__server_id"
        case .addedSourceGTID: "__source_gtid"
        case .addedGTID: "__gtid"
        case .addedSourceTable: "__source_table"
        case .addedTable: "__table"
        case .addedSourceTimestamp: "__source_ts_ms"
        case .addedTimestamp: "__ts_ms"
        }
    }
}

/// An object of a change event.
private struct Payload {
    let outline: JSONOutline
    let place: JSONOutline.Place

    subscript(field: Field) -> JSONOutline.Place? { outline.member(field.rawValue, of: place) }

    func isObject(_ field: Field) -> Bool { outline.isObject(self[field]) }

    /// What stands there, as an object of its own.
    func within(_ field: Field) -> Payload? { self[field].map { Payload(outline: outline, place: $0) } }
}

/// Collects user ids from objects, each once, in the order of their appearance, and the first trouble on the way.
private struct UserList {
    let kind: UserIDKind
    var ids: [UserID] = []
    var trouble: ChangeEventError?

    init(kind: UserIDKind) {
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

    /// Adds the id that a field carries; null adds nothing.
    mutating func add(_ field: JSONOutline.Place, in outline: JSONOutline) {
        guard !outline.isNull(field) else { return }
        do throws(UserIDError) {
            let id = try outline.user(field, kind)
            if !ids.contains(id) { ids.append(id) }
        } catch {
            trouble = trouble ?? ChangeEventError(.badUserID, "\(error)")
        }
    }
}
