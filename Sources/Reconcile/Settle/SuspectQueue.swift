import Domain

/// A user who is to be settled at one stage or both, with everything that was known of it when it was compared.
struct SuspectUser: Sendable {
    var known: KnownUser
    var stages: Set<Stage>
    var alteration: Alteration?
    /// Rounds in which the user changed.
    var attempts = 0

    /// The suspects that the user stands for.
    var suspects: [Suspect] {
        Stage.allCases.filter(stages.contains).map { Suspect(user: known.user, stage: $0, alteration: alteration) }
    }
}

/// The users who are still to be settled, in the order in which their turn comes. However many they are, all but the next ones lie
/// in a temporary file.
final class SuspectQueue {
    private let shape: Spill.Shape
    private var current: Spill
    private var cursor = Spill.Cursor()
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
        var payload = PayloadWriter()
        payload.add(Array(user.stages), { $0.add($1.rawValue) })
        payload.add(user.alteration) { $0.add($1.rawValue) }
        payload.add(user.attempts)
        payload.add(user.known)
        // The key is of no use here: the list is not parted.
        try again.append(
            SpillEntry(key: UserKey(exactly: 0), digest: nil, payloadBytes: payload.bytes.count), payload: payload.bytes)
        count += 1
    }

    /// Takes the next users out of the queue; fewer when there are no more.
    func take(atMost limit: Int) throws -> [SuspectUser] {
        var users: [SuspectUser] = []
        while users.count < limit, count > 0 {
            if let (_, payload) = try current.next(&cursor) {
                users.append(try Self.decode(payload))
                count -= 1
            } else {
                // Whoever was put back while the others had their turn waits until a later batch.
                if !users.isEmpty { break }
                current = again
                cursor = Spill.Cursor()
                again = Spill(shape)
            }
        }
        return users
    }

    private static func decode(_ payload: [UInt8]) throws(ReconcileError) -> SuspectUser {
        var reader = PayloadReader(payload)
        let stages = try reader.list { reader throws(ReconcileError) in try reader.text() }.compactMap { Stage(rawValue: $0) }
        let alteration = try reader.optional { reader throws(ReconcileError) in try reader.text() }
        let attempts = Int(try reader.integer())
        return SuspectUser(
            known: try reader.knownUser(), stages: Set(stages), alteration: alteration.flatMap { Alteration(rawValue: $0) },
            attempts: attempts)
    }
}
