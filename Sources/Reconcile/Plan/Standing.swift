import Domain

/// How things stood when a run began to read.
struct RunStart: Sendable {
    var standing: Standing
    /// Milliseconds since 1970.
    var startedAtMs: Int64
}

/// How topics and ledgers stand at one moment.
struct Standing: Sendable, Equatable {
    /// The bounds of each topic, by name.
    var topics: [String: [Int32: OffsetBounds]] = [:]
    var ledgers: [LedgerMark] = []

    init() {}

    /// Asks how they stand now.
    init(_ settings: VerifySettings, _ ports: any ReconcilePorts) throws {
        for name in settings.topicNames where topics[name] == nil {
            let port = try ports.topic(name)
            defer { port.close() }
            topics[name] = try port.bounds()
        }
        if settings.stages.contains(.god) { ledgers = try ports.ledger().marks() }
    }

    /// The last production that had been listed of a ledger.
    func lastID(of ledger: String) -> Int64? { ledgers.first { $0.id == ledger }?.lastID }

    /// The same, as it was earlier where that is known.
    func since(_ earlier: Standing) -> Standing {
        var standing = self
        standing.topics.merge(earlier.topics) { _, then in then }
        standing.ledgers = ledgers.map { LedgerMark(id: $0.id, lastID: earlier.lastID(of: $0.id) ?? $0.lastID) }
        return standing
    }

    var json: JSONValue {
        let topics = topics.sorted { $0.key < $1.key }.map { name, bounds in
            let sorted = bounds.sorted { $0.key < $1.key }
            return JSONValue.Member(
                name, .object(sorted.map { .init(String($0.key), .array([.number($0.value.low), .number($0.value.end)])) }))
        }
        return [
            "topics": .object(topics),
            "ledgers": .array(ledgers.map { ["id": .string($0.id), "last_id": .number($0.lastID)] }),
        ]
    }

    /// Reads what ``json`` wrote; nil for anything else.
    init?(_ json: JSONValue) {
        guard let topics = json["topics"]?.members, case .array(let ledgers)? = json["ledgers"] else { return nil }
        for topic in topics {
            guard let bounds = Self.bounds(topic.value) else { return nil }
            self.topics[topic.name] = bounds
        }
        for ledger in ledgers {
            guard let id = ledger["id"]?.text, let lastID = ledger["last_id"]?.integer else { return nil }
            self.ledgers.append(LedgerMark(id: id, lastID: lastID))
        }
    }

    private static func bounds(_ json: JSONValue) -> [Int32: OffsetBounds]? {
        guard let members = json.members else { return nil }
        var bounds: [Int32: OffsetBounds] = [:]
        for member in members {
            guard let partition = Int32(member.name), case .array(let pair) = member.value, pair.count == 2,
                let low = pair[0].integer, let end = pair[1].integer
            else { return nil }
            bounds[partition] = OffsetBounds(low: low, end: end)
        }
        return bounds
    }
}
