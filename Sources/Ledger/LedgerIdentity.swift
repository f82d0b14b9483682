import SQLite

/// What a ledger says of itself.
public struct LedgerIdentity: Sendable, Hashable {
    /// 128 random bits as 32 hexadecimal digits, drawn when the file was created.
    public var ledgerID: String
    /// Milliseconds since 1970.
    public var createdAtMs: Int64
    /// The God topic whose records it lists.
    public var godTopic: String
    /// The broker's id of that topic, where it was known: a topic that is deleted and created again gets another one.
    public var godTopicID: String?

    /// A new identity for a new file.
    static func new(godTopic: String, godTopicID: String?) -> LedgerIdentity {
        var random = SystemRandomNumberGenerator()
        let digits = (0..<2).map { _ -> String in
            let half = String(random.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - half.count) + half
        }
        return LedgerIdentity(
            ledgerID: digits.joined(), createdAtMs: currentTimeMs(), godTopic: godTopic, godTopicID: godTopicID)
    }

    /// The identity in a file; nil where none was written yet.
    static func read(from database: Database) throws -> LedgerIdentity? {
        var values: [String: String] = [:]
        try database.prepare("SELECT key, value FROM meta").forEach { row in
            values[row.text(0) ?? ""] = row.text(1)
        }
        guard let id = values["ledger_id"], let topic = values["god_topic"] else { return nil }
        return LedgerIdentity(
            ledgerID: id, createdAtMs: values["created_at_ms"].flatMap(Int64.init) ?? 0, godTopic: topic,
            godTopicID: values["god_topic_id"])
    }

    func write(to database: Database) throws {
        let insert = try database.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")
        try insert.run("ledger_id", .text(ledgerID))
        try insert.run("created_at_ms", .text(String(createdAtMs)))
        try insert.run("god_topic", .text(godTopic))
        if let godTopicID { try insert.run("god_topic_id", .text(godTopicID)) }
    }

    /// Offsets mean something in their own topic only, so a ledger serves one topic for ever.
    static func establish(in database: Database, godTopic: String, godTopicID: String?) throws -> LedgerIdentity {
        guard var identity = try read(from: database) else {
            let identity = LedgerIdentity.new(godTopic: godTopic, godTopicID: godTopicID)
            try database.transaction { try identity.write(to: database) }
            return identity
        }
        guard identity.godTopic == godTopic else {
            throw LedgerError(
                .otherTopic, path: database.path,
                "this ledger lists productions to the topic \(identity.godTopic), not to \(godTopic); use one ledger per God topic"
            )
        }
        guard let godTopicID, identity.godTopicID != godTopicID else { return identity }
        if let known = identity.godTopicID {
            throw LedgerError(
                .otherTopic, path: database.path,
                "the topic \(godTopic) was deleted and created again (its id was \(known), it is \(godTopicID)), so the ledger's "
                    + "offsets mean nothing any more; move the ledger away, and replay all users")
        }
        identity.godTopicID = godTopicID
        try database.transaction { try identity.write(to: database) }
        return identity
    }
}
