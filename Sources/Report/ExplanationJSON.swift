import Domain

extension Explanation {
    /// The same as one JSON document: digests and addresses, no values.
    public var json: JSONValue {
        .object([
            .init("user", .string(user.text)),
            .init("conclusion", conclusionJSON),
            .init("exit_code", .number(conclusion.exitCode)),
            .init(
                "row",
                Self.json(row) { ["digest": .string($0.digest.description), "position": .string($0.position?.description)] }),
            .init("changes", Self.json(changes, Self.json)),
            .init("aggregate", Self.json(aggregate, Self.json)),
            .init("productions", Self.json(productions) { .array($0.map(Self.json)) }),
            .init("god", Self.json(god, Self.json)),
            .init("parked", Self.json(parked) { .array($0.map(Self.json)) }),
            .init("past_findings", Self.json(past) { .array($0.map(Self.json)) }),
            .init("next", .string(nextCommand)),
        ])
    }

    private var conclusionJSON: JSONValue {
        switch conclusion {
        case .consistent: return ["verdict": "consistent"]
        case .cannotTell(let reason): return ["verdict": "cannot_tell", "reason": .string(reason)]
        case .differs(let findings):
            let list = findings.map { finding in
                JSONValue.object([
                    .init("stage", .string(finding.stage.rawValue)), .init("kind", .string(finding.kind.rawValue)),
                    .init("cause", .string(finding.cause?.code)), .init("fields", .array(finding.fields.map { .string($0) })),
                    .init("values", finding.values.map { .array($0.map(\.json)) } ?? .null),
                ])
            }
            return ["verdict": "differs", "findings": .array(list)]
        }
    }

    private static func json<Value>(_ sighting: Sighting<Value>, _ encode: (Value) -> JSONValue) -> JSONValue {
        switch sighting {
        case .found(let value): encode(value)
        case .absent: .null
        case .unseen(let reason): ["unseen": .string(reason)]
        }
    }

    private static func json(_ record: TopicRecord) -> JSONValue {
        .object([
            .init("partition", .number(record.address.partition)), .init("offset", .number(record.address.offset)),
            .init("digest", .string(record.digest?.description)), .init("written_at", .string(record.writtenAt?.description)),
            .init("provenance", .object(record.provenance.map { .init($0.name, .string($0.text)) })),
        ])
    }

    private static func json(_ changes: Changes) -> JSONValue {
        let newest = changes.newest.map { change in
            JSONValue.object([
                .init("topic", .string(change.topic)), .init("partition", .number(change.address.partition)),
                .init("offset", .number(change.address.offset)), .init("operation", .string(change.operation)),
                .init("position", .string(change.position?.description)), .init("at", .string(change.at?.description)),
            ])
        }
        return ["count": .number(changes.count), "unread_records": .number(changes.unread), "newest": .array(newest)]
    }

    private static func json(_ entry: ParkedEntry) -> JSONValue {
        [
            "hop": .string(entry.hop.rawValue), "reason": .string(entry.reason.rawValue),
            "parked_at": .string(entry.parkedAt?.description),
        ]
    }

    private static func json(_ production: Production) -> JSONValue {
        .object([
            .init("produced_at", .string(UTCTime(millisecondsSince1970: production.producedAtMs).description)),
            .init("god", .string(production.god.description)), .init("god_digest", .string(production.godDigest?.description)),
            .init("aggregate", .string(production.aggregate.description)),
            .init("aggregate_digest", .string(production.aggregateDigest?.description)),
            .init("version", .string(production.version?.description)),
            .init("mapping_digest", .string(production.mappingDigest?.description)),
        ])
    }

    private static func json(_ finding: PastFinding) -> JSONValue {
        .object([
            .init("stage", .string(finding.stage.rawValue)), .init("kind", .string(finding.kind.rawValue)),
            .init("cause", .string(finding.causeCode)), .init("first_seen", .string(finding.firstSeen.description)),
            .init("last_seen", .string(finding.lastSeen.description)), .init("healed", .string(finding.healed?.description)),
        ])
    }
}
