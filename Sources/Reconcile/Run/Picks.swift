import Domain

/// Those whom the comparison picks out of everyone with whom all is well, for a closer look.
struct Picks {
    /// They are read a second time.
    var equals: EqualSample
    /// Their mappings are asked for again.
    let mappings: SuspectQueue
    private let mappingRankAtMost: UInt64?

    /// - Parameter users: How many users there are, by and large.
    init(_ settings: VerifySettings, runID: String, users: Int, list: Spill.Shape) {
        equals = EqualSample(runID: runID)
        mappings = SuspectQueue(list: list)
        switch settings.mappings {
        case .nobody: mappingRankAtMost = nil
        case .everyone: mappingRankAtMost = .max
        case .some(let count) where count >= users: mappingRankAtMost = .max
        case .some(let count): mappingRankAtMost = UInt64(Double(UInt64.max) * (Double(count) / Double(max(1, users))))
        }
        salt = Digest(of: Array("mappings \(runID)".utf8)).rawValue
    }

    private let salt: UInt64

    /// Considers a user with whom all is well.
    ///
    /// - Parameter known: What is known of the user; asked for only when it is picked.
    mutating func consider(_ key: UserKey, _ known: () throws -> KnownUser) throws {
        try equals.consider(key, known)
        guard let mappingRankAtMost, UserKey(exactly: key.spread ^ salt).spread <= mappingRankAtMost else { return }
        try mappings.add(SuspectUser(known: try known(), stages: [.god]))
    }
}
