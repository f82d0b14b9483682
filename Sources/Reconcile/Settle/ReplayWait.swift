import Domain

/// Holds back the finding that no ledger lists a God object, as long as a replay may have made the object and have yet to list it.
///
/// The fence waits for whatever an enricher consumed: its group commits an aggregate's offset only after the ledger has the production.
/// What it replays it consumed long ago, so that no group's offset tells how far it is with that. But a replay stands on the control
/// topic until its progress, which is recorded after the ledger as well, has come to the end everywhere. So where the God object was
/// seen first, then no replay was under way, and then the ledgers were read and did not list it, nobody is about to list it.
final class ReplayWait {
    private let replays: any ReplayPort
    private let clock: any ReconcileClock
    private var reasons: [Suspect: String] = [:]

    /// A ledger that stands still for a moment is given that long before it is looked at again.
    private static let pauseMs = 500

    init(_ replays: any ReplayPort, _ clock: any ReconcileClock) {
        self.replays = replays
        self.clock = clock
    }

    /// Takes back what was confirmed of users whose God object may still come to be listed: they are to be looked at again.
    ///
    /// - Parameter roll: Holds these users, as they were when they were confirmed.
    func withdraw(from outcomes: inout [Settler.Outcome], _ roll: Roll) throws {
        reasons = [:]
        let unlisted = outcomes.indices.filter { outcomes[$0].settlement?.isUnlisted == true }
        guard !unlisted.isEmpty else { return }
        let underWay = try replays.underWay()
        guard let oldest = underWay.first else {
            let seen = unlisted.map { roll.ledger?.productions(of: outcomes[$0].suspect.user) }
            try roll.ledger?.catchUp()
            for (index, productions) in zip(unlisted, seen)
            where roll.ledger?.productions(of: outcomes[index].suspect.user) != productions {
                outcomes[index].settlement = nil
            }
            return
        }
        for index in unlisted {
            outcomes[index].settlement = nil
            reasons[outcomes[index].suspect] =
                "no ledger lists the God object, which replay \(oldest) may have made; look again when the replay is done"
        }
        clock.sleep(ms: Self.pauseMs)
    }

    /// Why a suspect could not be told in the last round; nil where no replay is the reason.
    func reason(_ suspect: Suspect) -> String? { reasons[suspect] }
}

extension Settlement {
    fileprivate var isUnlisted: Bool {
        guard case .confirmed(let seen) = self else { return false }
        // One that is listed with another digest is listed: no replay is about to change that.
        guard seen.evidence.production?.god != seen.evidence.god?.address else { return false }
        return seen.mismatches.contains { $0.cause == .notInLedger }
    }
}
