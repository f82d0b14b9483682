import Domain

/// A user id in sixteen bytes: what folds compare and sort by.
///
/// An integer id is kept exactly. Of a text there are 128 bits of hash, two XXH64 under two seeds: among ten million users, two
/// share them with a chance of 10⁻²⁵.
struct UserKey: Hashable, Sendable {
    /// Zero for an integer that is kept exactly.
    var high: UInt64
    var low: UInt64

    init(exactly bits: UInt64) {
        high = 0
        low = bits
    }

    init(hashing text: UnsafeRawBufferPointer) {
        low = Digest(of: text).rawValue
        // Never zero, so that the hash of a text which should have been an integer is not taken for one.
        high = max(1, Digest(of: text, seed: Self.secondSeed).rawValue)
    }

    /// 2⁶⁴ divided by the golden ratio: any number but zero would do.
    private static let secondSeed: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// Whether the sixteen bytes are more than an integer, so that the text has to be kept beside them.
    var isWide: Bool { high != 0 }

    /// The bits spread evenly, whatever pattern ids have. The upper ones choose a part of a spill, the lower ones a place in a
    /// table. This is the finalizer of SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    var spread: UInt64 {
        var bits = low ^ (high &* 0x9FB2_1C65_1E98_DF25)
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}

extension UserIDKind {
    /// The key of an id, from the bytes of its canonical text.
    func key(_ text: RawSpan) -> UserKey {
        if let bits = canonicalBits(text) { return UserKey(exactly: bits) }
        return text.withUnsafeBytes { UserKey(hashing: $0) }
    }

    func key(_ user: UserID) -> UserKey {
        var text = user.text
        return text.withUTF8 { key($0.span.bytes) }
    }
}

/// What the key of a topic's record says.
struct ReadKey {
    var key: UserKey
    /// Whether the record's key is the plain text of the id, as the pipeline writes it.
    var isPlain: Bool
    /// The id, where reading it took more than a look; nil where the key alone tells it, or the record's key is its text.
    var user: UserID?
}

extension UserIDKind {
    /// The user that a record's key names; nil when it names none.
    ///
    /// A key that some other producer wrote as JSON (`42` in quotes, `{"user_id":42}`) names the user too.
    func read(recordKey bytes: RawSpan) -> ReadKey? {
        if let bits = canonicalBits(bytes) { return ReadKey(key: UserKey(exactly: bits), isPlain: true, user: nil) }
        return bytes.withUnsafeBytes { readSlowly($0) }
    }

    private func readSlowly(_ bytes: UnsafeRawBufferPointer) -> ReadKey? {
        let isJSON = bytes.first == UInt8(ascii: "{") || bytes.first == UInt8(ascii: "\"")
        if self == .string, !isJSON, !bytes.isEmpty, bytes.allSatisfy({ $0 < 0x80 }) {
            return ReadKey(key: UserKey(hashing: bytes), isPlain: true, user: nil)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        if !isJSON, let user = try? parse(text) {
            return ReadKey(key: key(user), isPlain: user == UserID(text), user: user)
        }
        guard let user = userInJSON(Array(bytes)) else {
            // It only looked like JSON: a text may begin with a brace.
            return (try? parse(text)).map { ReadKey(key: key($0), isPlain: $0 == UserID(text), user: $0) }
        }
        return ReadKey(key: key(user), isPlain: false, user: user)
    }

    private func userInJSON(_ bytes: [UInt8]) -> UserID? {
        guard let json = try? JSONValue(parsing: bytes) else { return nil }
        let value = json["payload"] ?? json
        guard let members = value.members else { return try? parse(value) }
        return members.count == 1 ? try? parse(members[0].value) : nil
    }
}
