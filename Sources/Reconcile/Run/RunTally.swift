import Domain
import Report

/// Counts what became of suspects as they are settled.
struct RunTally {
    let canaries: Canaries
    private(set) var unresolved: [Stage: Int] = [:]
    /// Users who never held still, of whom only the version could be checked.
    private(set) var versionOnly: [Stage: Int] = [:]
    /// Users whose value is missing or stale. Extra values belong to nobody who should be there.
    private(set) var differing: [Stage: Int] = [:]

    init(_ canaries: Canaries) {
        self.canaries = canaries
    }

    mutating func add(_ suspect: Suspect, _ settlement: Settlement) {
        guard canaries.twin(named: suspect.user) == nil else {
            return canaries.settled(suspect, settlement, isProven: true)
        }
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
        guard canaries.twin(named: suspect.user) == nil else {
            return canaries.settled(suspect, .confirmed(seen), isProven: false)
        }
        unresolved[suspect.stage, default: 0] += 1
        if seen.mismatches.contains(where: { $0.kind != .extra }) { differing[suspect.stage, default: 0] -= 1 }
    }

    /// The findings about users who exist.
    func withoutCanaries(_ findings: [Finding]) -> [Finding] {
        findings.filter { canaries.twin(named: $0.user) == nil }
    }

    func counts(of stage: Stage, users: Int) -> StageCounts {
        let unresolved = unresolved[stage] ?? 0
        return StageCounts(
            users: users, matched: max(0, users - unresolved - (differing[stage] ?? 0)), unresolved: unresolved,
            versionOnly: versionOnly[stage] ?? 0)
    }
}
