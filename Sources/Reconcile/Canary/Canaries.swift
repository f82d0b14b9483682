import Domain
import Kafka
import Report
import Synchronization

/// Users who do not exist, and who are shown to a run by the ports that it reads through: each is the twin of a real user, with one
/// defect. The run knows nothing of them: they are read, folded, spilled, judged and settled like everyone, and each has to come out
/// as the finding that its defect is. Only what is counted and written leaves them out.
///
/// The real user is shown unaltered beside its twin, so a canary hides nothing. Originals are drawn by a hash of run and user, so that
/// each run tries others.
final class Canaries: Sendable {
    /// Several for each alteration, because a user who moves meanwhile proves nothing.
    static let usersPerAlteration = 3

    /// One of them.
    struct Twin: Sendable {
        /// An id that nobody has.
        var user: UserID
        /// Its bytes, as records carry them.
        var key: [UInt8]
        var original: UserID
        var alteration: Alteration
    }

    /// What was seen of an original while the run went on.
    fileprivate struct Sighting {
        var row: Digest?
        var isRowKnown = false
        var hasRecord: Set<Stage> = []
        var hasProduction = false
        /// It was not the same at all times, so that its twin proves nothing by coming out otherwise.
        var hasMoved = false
        /// Something is, or seemed, wrong with it in earnest.
        var isSuspect = false
        /// What became of the twin; nil while that is open.
        var outcome: Outcome?
    }

    fileprivate enum Outcome { case caught, missed, unsettled }

    private struct State {
        var twins: [UInt64: Twin] = [:]
        var sightings: [UInt64: Sighting] = [:]
        var originals: [UserKey: UInt64] = [:]
        var ids: [UserKey: UInt64] = [:]
        var mayGrow = true
        var isSettling = false
        var partitions: [String: Int] = [:]
        var rows = 0
        var records: [String: Int] = [:]
        var productions = 0
    }

    let kind: UserIDKind
    private let alterations: [Alteration]
    private let size: Int
    private let salt: UInt64
    /// The upper half of the integers that twins have as ids.
    private let tag: UInt64
    /// Users whose hash is higher are none.
    private let highestHash: Atomic<UInt64>
    private let state = Mutex(State())

    /// - Parameter users: About how many there are to draw from; nil or 0 where nobody knows.
    init(runID: String, stages: Set<Stage>, kind: UserIDKind, users: Int?) {
        self.kind = kind
        alterations = Alteration.allCases.filter { stages.contains($0.stage) }
        size = alterations.count * Self.usersPerAlteration
        salt = Digest(of: Array("canary \(runID)".utf8)).rawValue
        tag = salt >> 34
        // Four times as many as are needed, since the number is a guess: the statistics may be old, and the query may leave many of
        // a table's rows out. Those in excess are not drawn. Of few users, each is one of them.
        let share = users.map { $0 > 1_000 } == true ? Double(size) * 4 / Double(users ?? 1) : 1
        highestHash = Atomic(share >= 1 ? .max : UInt64(Double(UInt64.max) * share))
    }

    /// Draws from users who are known beforehand, so that those of a slice are not needed.
    func draw(from due: DueUsers) throws {
        var lowest: [UInt64] = []
        try due.forEach { user in
            lowest.append(hash(of: user))
            guard lowest.count >= size * 2 else { return }
            lowest = Array(lowest.sorted().prefix(size))
        }
        lowest = Array(lowest.sorted().prefix(size))
        // With fewer than are needed the bound would be any, and the slice has to give the rest.
        if lowest.count == size, let bound = lowest.last, bound > highestHash.load(ordering: .relaxed) {
            highestHash.store(bound, ordering: .relaxed)
        }
        try due.forEach { _ = twin(of: $0) }
    }

    private func hash(of user: UnsafeRawBufferPointer) -> UInt64 { Digest(of: user, seed: salt).rawValue }

    // MARK: - Who they are

    /// The twin of a user, whose id is told by the bytes of its plain text; nil for nearly everyone. The first ones that the hash
    /// chooses get one, whichever port meets them first.
    @inline(__always)
    func twin(of user: UnsafeRawBufferPointer) -> (Twin, UInt64)? {
        let hash = hash(of: user)
        guard hash <= highestHash.load(ordering: .relaxed) else { return nil }
        return planted(hash, user)
    }

    func twin(of user: UserID) -> (Twin, UInt64)? { user.keyBytes.withUnsafeBytes { twin(of: $0) } }

    private func planted(_ hash: UInt64, _ user: UnsafeRawBufferPointer) -> (Twin, UInt64)? {
        state.withLock { state in
            if let known = state.twins[hash] { return (known, hash) }
            guard state.mayGrow, state.twins.count < size, let text = String(validating: user, as: UTF8.self),
                let original = try? kind.parse(text), original == UserID(text)
            else { return nil }
            let id = identity(hash)
            let alteration = alterations[state.twins.count % alterations.count]
            let twin = Twin(user: id, key: id.keyBytes, original: original, alteration: alteration)
            state.twins[hash] = twin
            state.sightings[hash] = Sighting()
            state.originals[kind.key(original)] = hash
            state.ids[kind.key(id)] = hash
            return (twin, hash)
        }
    }

    /// An id of the right kind that no user has: one of 2⁶² integers, all those of a run in a range of their own, or a text that nobody
    /// would choose.
    private func identity(_ hash: UInt64) -> UserID {
        let number = tag << 32 | UserKey(exactly: hash ^ salt).spread >> 32
        return kind == .string ? UserID("rollcall canary \(number)") : UserID("\(number)")
    }

    /// No more of them from now on: whom the topics are asked for is settled.
    func close() -> [Twin] {
        state.withLock { state in
            state.mayGrow = false
            return Array(state.twins.values)
        }
    }

    /// The twin that has this id.
    func twin(named user: UserID) -> (Twin, UInt64)? {
        let key = kind.key(user)
        guard mayBeTwin(key) else { return nil }
        return state.withLock { state in
            guard let hash = state.ids[key], let twin = state.twins[hash], twin.user == user else { return nil }
            return (twin, hash)
        }
    }

    func isTwin(_ key: UserKey) -> Bool {
        guard mayBeTwin(key) else { return false }
        return state.withLock { $0.ids[key] != nil }
    }

    /// Asked of every row, so nearly every integer is told by a look.
    private func mayBeTwin(_ key: UserKey) -> Bool { key.isWide || key.low >> 32 == tag }

    /// The keys of all twins there are.
    var keys: Set<UserKey> { state.withLock { Set($0.ids.keys) } }

    // MARK: - What was shown

    /// The number of a topic's partitions, which decides where a twin's records would lie.
    func note(partitions: Int, of topic: String) { state.withLock { $0.partitions[topic] = partitions } }
    func partitions(of topic: String) -> Int? { state.withLock { $0.partitions[topic] } }

    func countRow() { state.withLock { $0.rows += 1 } }
    func countRecord(of topic: String) { state.withLock { $0.records[topic, default: 0] += 1 } }
    func countProduction() { state.withLock { $0.productions += 1 } }

    /// What was shown of twins, and is to be left out of what the report counts.
    var rows: Int { state.withLock { $0.rows } }
    func records(of topic: String) -> Int { state.withLock { $0.records[topic] ?? 0 } }
    var productions: Int { state.withLock { $0.productions } }

    func sawRow(_ digest: Digest?, of hash: UInt64) {
        see(hash) { sighting, _ in
            if sighting.isRowKnown, sighting.row != digest { sighting.hasMoved = true }
            sighting.row = digest
            sighting.isRowKnown = true
        }
    }

    func sawRecord(isLive: Bool, at stage: Stage, of hash: UInt64) {
        see(hash) { sighting, isSettling in
            if isSettling { sighting.hasMoved = true }
            if isLive { sighting.hasRecord.insert(stage) } else { sighting.hasRecord.remove(stage) }
        }
    }

    func sawProduction(of hash: UInt64) {
        see(hash) { sighting, isSettling in
            if isSettling { sighting.hasMoved = true }
            sighting.hasProduction = true
        }
    }

    private func see(_ hash: UInt64, _ body: (inout Sighting, Bool) -> Void) {
        state.withLock { state in
            guard var sighting = state.sightings[hash] else { return }
            body(&sighting, state.isSettling)
            state.sightings[hash] = sighting
        }
    }

    /// From now on, whatever comes of an original is a change.
    func beginSettling() { state.withLock { $0.isSettling = true } }

    /// A user is to be settled in earnest.
    func noteSuspect(_ key: UserKey) {
        state.withLock { state in
            if let hash = state.originals[key] { state.sightings[hash]?.isSuspect = true }
        }
    }

    // MARK: - What became of them

    /// Takes note of what became of a twin at one stage. `isProven` says whether a finding could be made of it.
    func settled(_ suspect: Suspect, _ settlement: Settlement, isProven: Bool) {
        guard let (twin, hash) = twin(named: suspect.user), twin.alteration.stage == suspect.stage else { return }
        let outcome: Outcome =
            switch settlement {
            case .confirmed(let seen):
                seen.mismatches.contains { $0.kind == twin.alteration.expected } ? (isProven ? .caught : .unsettled) : .missed
            case .matched: .missed
            case .versionOnly, .unresolved: .unsettled
            }
        state.withLock { $0.sightings[hash]?.outcome = outcome }
    }

    /// How many there were, and how many came out as what they are. Who was not noticed at all, or came out as something else, proves
    /// that the run is blind, if its original was well and the same at all times. Who could not be settled proves nothing.
    func result() -> (canary: Canary, unsettled: Int) {
        state.withLock { state in
            var canary = Canary()
            var unsettled = 0
            for (hash, sighting) in state.sightings {
                guard let twin = state.twins[hash] else { continue }
                switch sighting.outcome ?? .missed {
                case .caught:
                    canary.planted += 1
                    canary.caught += 1
                case .missed where sighting.isComplete(twin.alteration.stage) && !sighting.hasMoved && !sighting.isSuspect:
                    canary.planted += 1
                case .missed, .unsettled: unsettled += 1
                }
            }
            return (canary, unsettled)
        }
    }
}

extension Canaries.Sighting {
    /// Whether everything that a stage is judged by was there.
    fileprivate func isComplete(_ stage: Stage) -> Bool {
        guard isRowKnown, row != nil, hasRecord.contains(.aggregate) else { return false }
        return stage == .aggregate || (hasRecord.contains(.god) && hasProduction)
    }
}
