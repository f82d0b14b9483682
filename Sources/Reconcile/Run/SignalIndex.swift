import Domain
import Kafka

/// The newest signal of users. The topic is read when the first one is asked for, and later only its tail.
///
/// Each of the first questions reads all of what is known. When one comes after the other, because very much is wrong, a table is made,
/// in which a user costs as much however many signals there are.
final class SignalIndex {
    private let port: any TopicPort
    private let kind: UserIDKind
    private let shape: Spill.Shape
    private let tableBytes: Int
    private var tail: TopicTail?
    private var questions = 0
    private var table: SignalTable?
    /// Signals that are not in the table.
    private var spill: Spill

    /// - Parameter tableBytes: What the table may take of memory while it is made.
    init(_ port: any TopicPort, kind: UserIDKind, shape: Spill.Shape, tableBytes: Int) {
        self.port = port
        self.kind = kind
        self.shape = shape
        self.tableBytes = tableBytes
        spill = Spill(shape)
    }

    /// Where the newest signal of each of these users lies; users without one are absent.
    func newest(of users: some Collection<UserID>) throws -> [UserID: RecordAddress] {
        guard !users.isEmpty else { return [:] }
        try catchUp()
        questions += 1
        if questions == Self.questionsBeforeTable {
            table = try SignalTable(spill, limitBytes: tableBytes)
            spill = Spill(shape)
        }
        let owners = Dictionary(users.map { (kind.key($0), $0) }) { first, _ in first }
        var newest: [UserID: RecordAddress] = [:]
        if let table {
            for (key, user) in owners { newest[user] = try table.newest(of: key) }
        }
        for part in Set(owners.keys.map(shape.part)) where spill.count(in: part) > 0 {
            try spill.forEach(in: part) { entry, _, _ in
                if let user = owners[entry.key] { newest[user] = entry.address }
            }
        }
        return newest
    }

    /// To make the table takes about as long as so many questions without it.
    private static let questionsBeforeTable = 4

    /// Whether every signal of the user behind an address, or every one there ever was, would still be there.
    func remembers(_ user: UserID, since accounted: RecordAddress?) -> Bool {
        guard let tail else { return false }
        let home = Partitioner.murmur2(key: user.keyBytes, partitionCount: tail.partitionCount)
        guard !tail.progress.voided.contains(home), let low = tail.progress.lows[home] else { return false }
        return low == 0 || (accounted?.partition == home && low <= (accounted?.offset ?? 0) + 1)
    }

    private func catchUp() throws {
        let tail = try self.tail ?? TopicTail(port)
        self.tail = tail
        try tail.advance { entry, key in
            guard let key, let read = kind.read(recordKey: key), read.isPlain else { return }
            try spill.append(SpillEntry(key: read.key, digest: entry.digest, address: entry.address))
        }
    }
}
