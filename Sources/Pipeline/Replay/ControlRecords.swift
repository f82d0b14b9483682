import Domain
import Kafka

/// The records of the control topic, and what they add up to.
///
/// | key | value |
/// |---|---|
/// | `replay/ID` | the request; a tombstone when it is done or was cancelled |
/// | `replay/ID/users/N` | a part of its users, because a record has room for some only |
/// | `replay/ID/seen/PROCESS` | a process of the pipeline that knows the request |
struct ControlRecords {
    private struct Draft {
        var request: ReplayRequest?
        var userParts = 0
        var parts: [Int: [UserID]] = [:]
        var seenBy: Set<String> = []
    }

    private var drafts: [String: Draft] = [:]

    /// The requests that are known in full and not done, the oldest first.
    var open: [ReplayRequest] {
        drafts.values.compactMap { draft in
            guard var request = draft.request, draft.parts.count >= draft.userParts else { return nil }
            if draft.userParts > 0 { request.users = Set(draft.parts.values.joined()) }
            return request
        }
        .sorted { ($0.requestedAtMs, $0.id) < ($1.requestedAtMs, $1.id) }
    }

    /// Whether the request is written down, even if parts of it are yet to come.
    func knows(_ id: String) -> Bool { drafts[id]?.request != nil }

    /// The processes that know the request.
    func processes(thatKnow id: String) -> Set<String> { drafts[id]?.seenBy ?? [] }

    /// The keys that a request occupies.
    func keys(of id: String) -> [String] {
        guard let draft = drafts[id] else { return [Self.key(id)] }
        return [Self.key(id)] + draft.parts.keys.sorted().map { Self.key(id, part: $0) }
            + draft.seenBy.sorted().map { Self.key(id, process: $0) }
    }

    /// Takes a record into account; what is not of this format is none of ours, and passed over.
    mutating func apply(_ record: Record) {
        guard let key = record.key.flatMap({ String(validating: $0, as: UTF8.self) }) else { return }
        let words = key.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard words.count == 2 || words.count == 4, words[0] == "replay" else { return }
        let id = words[1]
        let value = record.value.flatMap { try? JSONValue(parsing: $0) }
        if words.count == 2 {
            applyRequest(id, value)
        } else if words[2] == "users", let part = Int(words[3]) {
            drafts[id, default: Draft()].parts[part] = value?.elements?.compactMap { $0.text.map { UserID($0) } }
        } else if words[2] == "seen" {
            if value == nil { drafts[id]?.seenBy.remove(words[3]) } else { drafts[id, default: Draft()].seenBy.insert(words[3]) }
        }
    }

    private mutating func applyRequest(_ id: String, _ value: JSONValue?) {
        guard let value else {
            drafts[id] = nil
            return
        }
        var draft = drafts[id] ?? Draft()
        draft.request = ReplayRequest(id: id, json: value)
        draft.userParts = value["user_parts"]?.integer.flatMap { Int(exactly: $0) } ?? 0
        drafts[id] = draft
    }

    // MARK: - Writing

    static func key(_ id: String) -> String { ReplayKey(requestID: id).text }
    static func key(_ id: String, part: Int) -> String { "\(key(id))/users/\(part)" }
    static func key(_ id: String, process: String) -> String { "\(key(id))/seen/\(process)" }

    /// Far below a broker's usual limit of a megabyte, with ids of 40 bytes.
    static let usersPerRecord = 10_000

    /// The records that make a request, the request itself last.
    static func records(of request: ReplayRequest, topic: String) -> [OutgoingRecord] {
        let users = (request.users ?? []).sorted()
        let starts = Array(stride(from: 0, to: users.count, by: usersPerRecord))
        var records = starts.enumerated().map { number, start in
            let part = users[start..<min(users.count, start + usersPerRecord)]
            return record(topic, key(request.id, part: number), .array(part.map { .string($0.text) }))
        }
        // A request for no users at all has one empty part: without a part it would mean everybody.
        if request.users?.isEmpty == true { records.append(record(topic, key(request.id, part: 0), [])) }
        records.append(record(topic, key(request.id), request.json(userParts: records.count)))
        return records
    }

    /// A record; nil is a tombstone.
    static func record(_ topic: String, _ key: String, _ value: JSONValue?) -> OutgoingRecord {
        OutgoingRecord(topic: topic, key: Array(key.utf8), value: value?.bytes)
    }
}

extension ReplayRequest {
    fileprivate init?(id: String, json: JSONValue) {
        guard let requestedAtMs = json["requested_at_ms"]?.integer, let members = json["ranges"]?.members else { return nil }
        var ranges: [Int32: Range] = [:]
        for member in members {
            guard let partition = Int32(member.name), let start = member.value["start"]?.integer,
                let end = member.value["end"]?.integer
            else { return nil }
            ranges[partition] = Range(start: start, end: end)
        }
        self.init(id: id, requestedAtMs: requestedAtMs, sinceMs: json["since_ms"]?.integer, ranges: ranges)
    }

    fileprivate func json(userParts: Int) -> JSONValue {
        [
            "requested_at_ms": .number(requestedAtMs), "since_ms": .number(sinceMs), "user_parts": .number(userParts),
            "ranges": .object(
                ranges.sorted { $0.key < $1.key }.map {
                    .init("\($0.key)", ["start": .number($0.value.start), "end": .number($0.value.end)])
                }),
        ]
    }
}

extension JSONValue {
    fileprivate var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}
