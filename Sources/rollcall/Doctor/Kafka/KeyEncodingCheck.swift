import Domain
import Report

/// One user has to have one key.
enum KeyEncodingCheck {
    /// Of a topic of ours: each key is the plain text of a user id.
    static func own(_ sample: KeySample, kind: UserIDKind) -> Check {
        let precondition = Precondition(
            "kafka.keys.\(sample.topic)",
            why:
                "Compaction tells keys apart by their bytes. A user whose id is written in two ways has two values on the topic, and the "
                + "older one never goes away.")
        if let trouble = sample.trouble { return precondition.unknown("keys of \(sample.topic): \(trouble)") }
        guard !sample.keys.isEmpty else { return precondition.ok("\(sample.topic) holds no key yet") }
        let foreign = sample.keys.filter { !isOwn($0.bytes, kind) }
        guard let first = foreign.first else {
            return precondition.ok("\(PlainText.count(sample.keys.count, "sampled key")) of \(sample.topic), all plain user ids")
        }
        return precondition.failure(
            "\(foreign.count) of \(PlainText.count(sample.keys.count, "sampled key")) of \(sample.topic) are not plain user ids: "
                + "`\(first.text)` is \(KeyEncoding(first.bytes) == .plain ? "no \(kind.rawValue)" : KeyEncoding(first.bytes).rawValue)",
            mend:
                "let nobody else write \(sample.topic); then `rollcall verify` names the strays, and `rollcall repair --run latest` removes them"
        )
    }

    private static func isOwn(_ key: [UInt8]?, _ kind: UserIDKind) -> Bool {
        guard let key, let text = String(validating: key, as: UTF8.self), let user = try? kind.parse(text) else { return false }
        // `007` is the number 7, but not its key; and no sane user id is a JSON text.
        return user.keyBytes == key && (kind != .string || KeyEncoding(key) == .plain)
    }

    /// Of a change topic: any form will do, but two of them at once tell of a change that compaction does not survive.
    static func changes(_ samples: [KeySample]) -> Check {
        let precondition = Precondition(
            "kafka.keys.changes",
            why:
                "Intake reads every form of key. But a compacted change topic whose keys changed (schemas.enable, message.key.columns) keeps "
                + "the last value under the old key for ever, for everybody who reads it as a table.")
        let mixed = samples.compactMap { sample -> String? in
            // TRUNCATE has a null key of its own right.
            let forms = Set(sample.keys.map { KeyEncoding($0.bytes) }).subtracting([.absent])
            guard forms.count > 1 else { return nil }
            return "\(sample.topic) (\(forms.map(\.rawValue).sorted().joined(separator: " and ")))"
        }
        if !mixed.isEmpty {
            return precondition.warning(
                "two forms of keys on \(mixed.joined(separator: ", "))",
                mend: "rollcall connector apply    # key.converter.schemas.enable=false, once and for all")
        }
        let troubles = samples.compactMap { $0.trouble }
        if let first = troubles.first { return precondition.unknown("keys of change topics: \(first)") }
        if samples.contains(where: { $0.keys.contains { KeyEncoding($0.bytes) == .registry } }) {
            return precondition.failure(
                "keys are in a schema registry's binary form, which Rollcall does not read",
                mend:
                    "rollcall connector apply    # key.converter and value.converter: org.apache.kafka.connect.json.JsonConverter"
            )
        }
        return precondition.ok("keys of the change topics are of one form")
    }
}
