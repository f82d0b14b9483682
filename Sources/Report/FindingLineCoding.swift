import Domain

extension FindingLine {
    /// The line as JSON. Every member is always there; what is not known is null.
    public var json: JSONValue {
        [
            "user": .string(user.text),
            "stage": .string(stage.rawValue),
            "kind": .string(kind.rawValue),
            "cause": .string(causeCode),
            "fields": .array(fields.map { .string($0) }),
            "values": values.map { .array($0.map(\.json)) } ?? .null,
            "tables": .array(tables.map { .string($0) }),
            "partition": .number(partition),
            "source": source.map(\.json) ?? .null,
            "topic": topic.map(\.json) ?? .null,
            "ledger": ledger.map(\.json) ?? .null,
            "god": god.map(\.json) ?? .null,
            "parked": .object(
                Hop.allCases.compactMap { hop in parked[hop].map { .init(hop.rawValue, .string($0.rawValue)) } }),
            "first_seen": .string(firstSeen.description),
            "repair": .string(repair),
        ]
    }

    /// Reads a line back.
    ///
    /// - Parameter path: The file that the line stands in, for the error.
    /// - Throws: ``ReportError`` with the code `malformed`.
    public init(json: JSONValue, path: String = "findings.ndjson") throws(ReportError) {
        let fields = try JSONFields(json, file: path)
        user = UserID(try fields.text("user"))
        stage = try fields.choice("stage")
        kind = try fields.choice("kind")
        causeCode = try fields.optionalText("cause")
        self.fields = try fields.texts("fields")
        values = try fields.optional("values", "a list of fields with their values") { value in
            if case .array(let items) = value { items.map { FieldValues(json: $0) } } else { nil }
        }
        // Reports of earlier versions do not have it.
        tables = json["tables"] == nil ? [] : try fields.texts("tables")
        partition = try fields.optional("partition", "a whole number") { $0.integer.flatMap { Int32(exactly: $0) } }
        source = try fields.optionalObject("source").map { source throws(ReportError) in
            SourceRow(digest: try source.digest("digest"), position: try source.optionalPosition("position"))
        }
        topic = try fields.optionalObject("topic").map { record throws(ReportError) in try TopicRecord(record) }
        ledger = try fields.optionalObject("ledger").map { entry throws(ReportError) in try LedgerEntry(entry) }
        god = try fields.optionalObject("god").map { record throws(ReportError) in try TopicRecord(record) }
        parked = [:]
        if let hops = try fields.optionalObject("parked") {
            // A reason that this version does not know is not worth refusing the line for: the cause's code says it too.
            for hop in Hop.allCases {
                parked[hop] = try hops.optionalText(hop.rawValue).flatMap { ParkReason(rawValue: $0) }
            }
        }
        firstSeen = try fields.time("first_seen")
        repair = try fields.text("repair")
    }
}

extension FieldValues {
    /// A member that is absent says that the side has no such field, which `null` would not.
    var json: JSONValue {
        .object(
            [.init("field", .string(name))]
                + [("source", source), ("topic", topic)].compactMap { side, value in
                    value.map { JSONValue.Member(side, $0) }
                })
    }

    fileprivate init(json: JSONValue) {
        self.init(name: json["field"]?.text ?? "", source: json["source"], topic: json["topic"])
    }
}

extension FindingLine.SourceRow {
    fileprivate var json: JSONValue {
        ["digest": .string(digest.description), "position": .string(position?.description)]
    }
}

extension FindingLine.TopicRecord {
    fileprivate var json: JSONValue {
        [
            "partition": .number(address.partition), "offset": .number(address.offset),
            "timestamp": .string(writtenAt?.description), "digest": .string(digest.description),
        ]
    }

    fileprivate init(_ fields: JSONFields) throws(ReportError) {
        self.init(
            address: RecordAddress(partition: try fields.integer("partition"), offset: try fields.integer("offset")),
            writtenAt: try fields.optionalTime("timestamp"), digest: try fields.digest("digest"))
    }
}

extension FindingLine.LedgerEntry {
    fileprivate var json: JSONValue {
        [
            "god_partition": .number(god.partition), "god_offset": .number(god.offset),
            "god_digest": .string(godDigest?.description),
            "aggregate_partition": .number(aggregate.partition), "aggregate_offset": .number(aggregate.offset),
            "aggregate_digest": .string(aggregateDigest?.description), "produced_at": .string(producedAt.description),
        ]
    }

    fileprivate init(_ fields: JSONFields) throws(ReportError) {
        self.init(
            god: RecordAddress(partition: try fields.integer("god_partition"), offset: try fields.integer("god_offset")),
            godDigest: try fields.optionalDigest("god_digest"),
            aggregate: RecordAddress(
                partition: try fields.integer("aggregate_partition"), offset: try fields.integer("aggregate_offset")),
            aggregateDigest: try fields.optionalDigest("aggregate_digest"), producedAt: try fields.time("produced_at"))
    }
}
