import Domain
import Source

/// The source, with the rows of twins.
final class CanarySource: ForwardingSource {
    let base: any SourcePort
    private let canaries: Canaries

    init(_ base: any SourcePort, _ canaries: Canaries) {
        self.base = base
        self.canaries = canaries
    }

    func scanDigests(
        after lower: UserID?, through upper: UserID?, _ body: (RawSpan, ScannedRow) throws -> Void
    ) throws -> SourcePosition? {
        try base.scanDigests(after: lower, through: upper) { user, row in
            try body(user, row)
            guard let (twin, hash) = user.withUnsafeBytes({ canaries.twin(of: $0) }) else { return }
            canaries.sawRow(Self.digest(of: row), of: hash)
            guard let shown = Self.shown(row, twin.alteration) else { return }
            canaries.countRow()
            try body(twin.key.span.bytes, shown)
        }
    }

    private static func digest(of row: ScannedRow) -> Digest {
        switch row {
        case .bytes(let digest, _): digest
        case .failure(let failure): rowDigest(of: failure)
        }
    }

    private static func shown(_ row: ScannedRow, _ alteration: Alteration) -> ScannedRow? {
        guard alteration.showsRow else { return nil }
        guard alteration == .change else { return row }
        return .bytes(Alteration.changedRowDigest, count: Alteration.changedRow.count)
    }

    func rows(of users: [UserID]) throws -> SnapshotRows {
        let twins = users.compactMap { canaries.twin(named: $0) }
        guard !twins.isEmpty else { return try base.rows(of: users) }
        let shown = Set(twins.map(\.0.user))
        let asked = users.filter { !shown.contains($0) }
        // In one snapshot, so that twin and original are the same user at the same time.
        let beside = Set(twins.map(\.0.original)).subtracting(asked)
        var found = try base.rows(of: asked + beside)
        for (twin, hash) in twins {
            canaries.sawRow(found.digest(of: twin.original), of: hash)
            guard twin.alteration.showsRow else { continue }
            found.failures[twin.user] = found.failures[twin.original]
            guard let row = found.rows[twin.original] else { continue }
            found.rows[twin.user] = twin.alteration == .change ? Alteration.changedRow : row
        }
        for user in beside {
            found.rows[user] = nil
            found.failures[user] = nil
        }
        return found
    }
}
