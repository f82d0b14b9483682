import Domain
import Kafka
import Reconcile
import Report

extension WorldState {
    /// Checks a close look at a few users: like a run, only that it is about them.
    mutating func check(_ outcome: UserCheck.Outcome, of users: Set<UserID>, beganTurn: Int, seen: Int) {
        for finding in outcome.findings where truth.blamed[finding.user] == nil {
            if finding.stage == .god, truth.everDisturbed.contains(finding.user) { continue }
            report(
                .findingWithoutDefect,
                "a look at \(finding.user) found \(finding.stage.rawValue) \(finding.kind.rawValue)")
        }
        let well = users.subtracting(outcome.findings.map(\.user)).subtracting(outcome.unresolved.keys)
        for user in well.sorted() { checkClean(user, seen, beganTurn: beganTurn, by: "a look at \(user)") }
    }

    /// Checks what is left after everyone who was found wanting has been repaired, and all has come to rest: only what no signal can
    /// mend, which is a stray, and those for whom the mapping service fails or its former answer is remembered.
    mutating func checkHealed(_ repaired: Set<UserID>) {
        for difference in differences() where repaired.contains(difference.user) {
            guard !weather.mappingFails.contains(difference.user), !hasStray(difference.user) else { continue }
            if plan.remembersMappings, isOutdated(difference) { continue }
            report(.notHealed, "\(difference.user) was repaired, and \(describe([difference]))")
        }
    }

    private func hasStray(_ user: UserID) -> Bool {
        [Name.aggregate, Name.god].contains { topic in
            broker.fold(topic).contains { key, stored in
                stored.record.value != nil && stored.record.users.contains(user) && !isHome(key, topic)
            }
        }
    }
}
