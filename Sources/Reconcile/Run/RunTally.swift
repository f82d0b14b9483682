import Domain
import Report

/// Counts what became of suspects as they are settled.
struct RunTally {
    private(set) var unresolved: [Stage: Int] = [:]
    /// Users who never held still, of whom only the version could be checked.
    private(set) var versionOnly: [Stage: Int] = [:]
    /// Users whose value is missing or stale. Extra values belong to nobody who should be there.
    private(set) var differing: [Stage: Int] = [:]
    private(set) var canary = Canary()
    private(set) var canariesUnsettled = 0

    mutating func add(_ suspect: Suspect, _ settlement: Settlement) {
        if let alteration = suspect.alteration { return addCanary(alteration, settlement) }
        switch settlement {
        case .matched: break
        case .confirmed(let seen):
            if seen.mismatches.contains(where: { $0.kind != .extra }) { differing[suspect.stage, default: 0] += 1 }
        case .versionOnly: versionOnly[suspect.stage, default: 0] += 1
        case .unresolved: unresolved[suspect.stage, default: 0] += 1
        }
    }

    /// A confirmed suspect whose proof is gone counts as one that could not be settled.
    mutating func addUnprovable(_ suspect: Suspect, _ seen: Confirmation) {
        unresolved[suspect.stage, default: 0] += 1
        if seen.mismatches.contains(where: { $0.kind != .extra }) { differing[suspect.stage, default: 0] -= 1 }
    }

    /// A canary that could not be settled, because its user kept changing or a fence was not passed, proves nothing either way.
    /// One that came out unharmed proves that the run is blind.
    private mutating func addCanary(_ alteration: Alteration, _ settlement: Settlement) {
        switch settlement {
        case .matched: canary.planted += 1
        case .confirmed(let seen):
            canary.planted += 1
            if seen.mismatches.contains(where: { $0.kind == alteration.expected }) { canary.caught += 1 }
        case .versionOnly, .unresolved: canariesUnsettled += 1
        }
    }

    func counts(of stage: Stage, users: Int) -> StageCounts {
        let unresolved = unresolved[stage] ?? 0
        return StageCounts(
            users: users, matched: max(0, users - unresolved - (differing[stage] ?? 0)), unresolved: unresolved,
            versionOnly: versionOnly[stage] ?? 0)
    }
}
