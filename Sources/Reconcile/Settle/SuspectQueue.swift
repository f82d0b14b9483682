import Domain

/// A user who is to be settled at one stage or both, with everything that was known of it when it was compared.
struct SuspectUser: Sendable {
    var known: KnownUser
    var stages: Set<Stage>
    /// Rounds in which the user changed.
    var attempts = 0
    /// What the user's aggregate was found to say when it was read last.
    var value: ReadValue?

    /// The suspects that the user stands for.
    var suspects: [Suspect] {
        Stage.allCases.filter(stages.contains).map { Suspect(user: known.user, stage: $0) }
    }
}

/// The users who are still to be settled, in the order in which their turn comes. However many they are, all but the next ones lie
/// in a temporary file.
///
/// The comparison meets users in the order of a hash, so that the aggregates of a batch would lie scattered over the whole topic. The
/// more users wait, the finer they are arranged by where their aggregates lie: then each batch has a stretch of the topic to itself,
/// and all of them together read it about once.
final class SuspectQueue {
    private let shape: Spill.Shape
    private var current: Spill
    private var part = 0
    private var cursor = Spill.Cursor()
    /// Those who were given back, the next one last.
    private var givenBack: [SuspectUser] = []
    /// Those who come after everyone in `current`.
    private var again: Spill
    /// How many users wait.
    private(set) var count = 0

    init(list shape: Spill.Shape) {
        self.shape = shape
        current = Spill(shape)
        again = Spill(shape)
    }

    /// Puts a user at the end.
    func add(_ user: SuspectUser) throws {
        let payload = Self.encode(user)
        try payload.withUnsafeBytes { try again.append(Self.entry(payload.count), payload: $0, to: 0) }
        count += 1
    }

    /// The key is of no use here: the list is not parted by users.
    private static func entry(_ payloadBytes: Int) -> SpillEntry {
        SpillEntry(key: UserKey(exactly: 0), digest: nil, payloadBytes: payloadBytes)
    }

    /// Brings everyone into the order in which their aggregates lie in the topic.
    ///
    /// - Parameters:
    ///   - usersPerBatch: How many will be taken at a time; so many may lie in any order.
    ///   - progress: How far the topic was read.
    func arrange(usersPerBatch: Int, by progress: TopicTail.Progress) throws {
        let order = TopicOrder(progress)
        var arranged = shape
        while arranged.partBits < Self.finestBits, count >> arranged.partBits > usersPerBatch { arranged.partBits += 1 }
        guard arranged.partBits > 0 else { return }
        // Every part has a block in memory while they are filled.
        arranged.blockBytes = min(shape.blockBytes, max(512, (32 * shape.blockBytes) >> arranged.partBits & ~7))
        var sorted = Spill(arranged)
        let waiting = count
        for _ in 0..<waiting {
            guard let user = try take(atMost: 1).first else { break }
            let part = order.part(of: user.known.aggregate.home?.address, parts: arranged.parts)
            let payload = Self.encode(user)
            try payload.withUnsafeBytes { try sorted.append(Self.entry(payload.count), payload: $0, to: part) }
        }
        // Nobody else comes into these parts, and their blocks would take memory all the while.
        try sorted.flush()
        current = sorted
        part = 0
        cursor = Spill.Cursor()
        count = waiting
    }

    /// 1,024 parts bring ten million users into batches of a thousand that share ten thousand records.
    private static let finestBits = 10

    private static func encode(_ user: SuspectUser) -> [UInt8] {
        var payload = PayloadWriter()
        payload.add(Array(user.stages), { $0.add($1.rawValue) })
        payload.add(user.attempts)
        payload.add(user.known)
        payload.add(user.value) { $0.add($1) }
        return payload.bytes
    }

    /// Takes the next users out of the queue; fewer when there are no more.
    func take(atMost limit: Int) throws -> [SuspectUser] {
        var users: [SuspectUser] = []
        while users.count < limit, count > 0 {
            if let user = givenBack.popLast() {
                users.append(user)
                count -= 1
            } else if let (_, payload) = try current.next(&cursor, in: part) {
                users.append(try Self.decode(payload))
                count -= 1
            } else if part + 1 < current.shape.parts {
                part += 1
                cursor = Spill.Cursor()
            } else {
                // Whoever was put back while the others had their turn waits until a later batch.
                if !users.isEmpty { break }
                current = again
                part = 0
                cursor = Spill.Cursor()
                again = Spill(shape)
            }
        }
        return users
    }

    /// Puts users back who were just taken: they are the next ones again, in the same order.
    func giveBack(_ users: ArraySlice<SuspectUser>) {
        givenBack += users.reversed()
        count += users.count
    }

    private static func decode(_ payload: [UInt8]) throws(ReconcileError) -> SuspectUser {
        var reader = PayloadReader(payload)
        let stages = try reader.list { reader throws(ReconcileError) in try reader.text() }.compactMap { Stage(rawValue: $0) }
        let attempts = Int(try reader.integer())
        return SuspectUser(
            known: try reader.knownUser(), stages: Set(stages), attempts: attempts,
            value: try reader.optional { reader throws(ReconcileError) in try reader.readValue() })
    }
}

extension PayloadWriter {
    fileprivate mutating func add(_ value: ReadValue) {
        add(value.address)
        add(value.digest)
        add(value.row)
        add(value.isSameInMeaning)
        add(value.answered) { $0.add($1) }
    }
}

extension PayloadReader {
    fileprivate mutating func readValue() throws(ReconcileError) -> ReadValue {
        ReadValue(
            address: try address(), digest: try digest(), row: try digest(), isSameInMeaning: try flag(),
            answered: try optional { reader throws(ReconcileError) in try reader.address() })
    }
}

/// Where in a topic, as a whole, a record lies.
private struct TopicOrder {
    /// Records in the partitions before each one.
    private var before: [Int32: Int64] = [:]
    private let lows: [Int32: Int64]
    private var total: Int64 = 0

    init(_ progress: TopicTail.Progress) {
        lows = progress.lows
        for (partition, end) in progress.ends.sorted(by: { $0.key < $1.key }) {
            before[partition] = total
            total += max(0, end - (lows[partition] ?? 0))
        }
    }

    /// Those without a record have nothing to be read, and may stand anywhere.
    func part(of address: RecordAddress?, parts: Int) -> Int {
        // A canary's record is read where its original's lies.
        let address = address.map { CanaryAddress.original(of: $0) ?? $0 }
        guard let address, let before = before[address.partition], total > 0 else { return 0 }
        let place = before + max(0, address.offset - (lows[address.partition] ?? 0))
        return Int(min(Double(parts - 1), Double(place) / Double(total) * Double(parts)))
    }
}
