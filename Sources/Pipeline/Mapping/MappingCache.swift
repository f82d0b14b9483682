import Domain

/// What the mapping service said a short while ago, "not found" included. Failures are never remembered.
struct MappingCache {
    enum Answer: Equatable {
        case found([UInt8])
        case notFound
    }

    private struct Entry {
        var answer: Answer
        var expiry: Deadline
        /// Which of the user's places in `arrivals` is this entry's.
        var serial: Int
    }

    private let foundMs: Int
    private let notFoundMs: Int
    private let maxBytes: Int
    private var entries: [UserID: Entry] = [:]
    /// In the order of arrival, from `oldest` on: the order in which entries make room.
    private var arrivals: [(user: UserID, serial: Int)] = []
    private var oldest = 0
    private var nextSerial = 0
    private(set) var bytes = 0

    init(foundMs: Int, notFoundMs: Int, maxBytes: Int) {
        self.foundMs = foundMs
        self.notFoundMs = notFoundMs
        self.maxBytes = maxBytes
    }

    var count: Int { entries.count }

    /// Nil if nothing is remembered, or no longer.
    mutating func answer(for user: UserID, _ nowMs: Int64) -> Answer? {
        guard let entry = entries[user] else { return nil }
        guard !entry.expiry.hasPassed(nowMs) else {
            remove(user)
            return nil
        }
        return entry.answer
    }

    mutating func remember(_ answer: Answer, for user: UserID, _ nowMs: Int64) {
        remove(user)
        let timeMs = if case .found = answer { foundMs } else { notFoundMs }
        let cost = Self.cost(user, answer)
        guard timeMs > 0, cost <= maxBytes else { return }
        while bytes + cost > maxBytes, oldest < arrivals.count {
            let (candidate, serial) = arrivals[oldest]
            oldest += 1
            if entries[candidate]?.serial == serial { remove(candidate) }
        }
        entries[user] = Entry(answer: answer, expiry: Deadline(from: nowMs, inMs: timeMs), serial: nextSerial)
        arrivals.append((user, nextSerial))
        nextSerial += 1
        bytes += cost
        compact()
    }

    mutating func removeAll() {
        entries.removeAll()
        arrivals.removeAll()
        oldest = 0
        bytes = 0
    }

    mutating func remove(_ user: UserID) {
        guard !entries.isEmpty, let entry = entries.removeValue(forKey: user) else { return }
        bytes -= Self.cost(user, entry.answer)
    }

    /// Drops the places of entries that are gone, before they outnumber those of entries that are there.
    private mutating func compact() {
        guard arrivals.count > 64, arrivals.count > 2 * entries.count else { return }
        arrivals = arrivals[oldest...].filter { entries[$0.user]?.serial == $0.serial }
        oldest = 0
    }

    /// The entry's bytes, with a rough share of the dictionary and of the list.
    private static func cost(_ user: UserID, _ answer: Answer) -> Int {
        let answerBytes = if case .found(let bytes) = answer { bytes.count } else { 0 }
        return user.text.utf8.count + answerBytes + 160
    }
}
