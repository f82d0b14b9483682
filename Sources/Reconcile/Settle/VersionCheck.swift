import Domain

/// Tells of users who never hold still whether what the topics hold of them is at least as new as a fence.
///
/// The version of a record is the source position that its row was read at, or a later one: a lower bound of what it shows. If it lies
/// at the fence or behind it, every change before the fence is in the record, though nobody could compare the values. And the record
/// must have come during the settling: one that lies still while its user moves is not followed by the pipeline.
struct VersionCheck {
    private let roll: Roll

    init(_ roll: Roll) {
        self.roll = roll
    }

    /// Those of the suspects whose newest record at their stage has a version at or after a position.
    ///
    /// The roll must hold them. Nobody is proven this way whose trouble lies beside the newest record: a
    /// stray, a parked record, a God object that no ledger lists.
    ///
    /// - Parameter suspects: Each with what was known of it when it was compared.
    func current(_ suspects: [(suspect: Suspect, known: KnownUser)], since position: SourcePosition?) throws -> Set<Suspect> {
        guard let position else { return [] }
        var current: Set<Suspect> = []
        for stage in Stage.allCases {
            var owners: [RecordAddress: Suspect] = [:]
            for (suspect, known) in suspects where suspect.stage == stage {
                let compared = stage == .aggregate ? known.aggregate.home : known.god.home
                if let address = newest(suspect), address != compared?.address { owners[address] = suspect }
            }
            let topic = stage == .aggregate ? roll.aggregate.tail : roll.god?.tail
            try topic?.fetch(Set(owners.keys)) { address, record in
                let version = record.headers[HeaderName.version].flatMap { String(validating: $0, as: UTF8.self) }
                    .flatMap { SourcePosition($0) }
                if let owner = owners[address], let version, version.hasReached(position) { current.insert(owner) }
            }
        }
        return current
    }

    /// The newest record at the suspect's stage; nil where it cannot vouch for the user.
    private func newest(_ suspect: Suspect) -> RecordAddress? {
        let known = roll.known(suspect.user, row: nil)
        let evidence = known.evidence()
        let entries = roll.parked.entries(of: suspect.user).entries
        guard !evidence.strays.contains(where: { $0.stage == suspect.stage }),
            !entries.contains(where: { $0.hop != .intake && $0.hop.stage == suspect.stage })
        else { return nil }
        guard suspect.stage == .god else { return known.aggregate.home?.address }
        guard let god = known.god.home?.address, let production = evidence.production,
            production.god.partition == god.partition, production.god.offset >= god.offset
        else { return nil }
        return god
    }
}
