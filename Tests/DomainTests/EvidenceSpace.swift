import Domain

/// Every combination of what can be known about a user, as far as the judgement tells it apart.
enum EvidenceSpace {
    static let contentA = Digest(of: utf8("A"))
    static let contentB = Digest(of: utf8("B"))
    static let godOfA = Digest(of: utf8("God object of A"))
    static let godOfB = Digest(of: utf8("God object of B"))
    static let aggregateAddress = RecordAddress(partition: 2, offset: 70)
    static let godAddress = RecordAddress(partition: 1, offset: 50)

    static let rows: [Digest?] = [nil, contentA, contentB]

    static let aggregates: [LiveRecord?] = rows.map { digest in digest.map { LiveRecord(address: aggregateAddress, digest: $0) } }

    static let gods: [LiveRecord?] = [nil, LiveRecord(address: godAddress, digest: godOfA)]

    /// The ledger may know the God object by its very address, at an older or newer one, in another partition, with other bytes,
    /// made from this aggregate or that one, or as a tombstone.
    static let productions: [Production?] = {
        let addresses = [
            godAddress, RecordAddress(partition: 1, offset: 49), RecordAddress(partition: 1, offset: 51),
            RecordAddress(partition: 0, offset: 50), RecordAddress(partition: 0, offset: 51),
        ]
        let contents: [(god: Digest?, aggregate: Digest?)] = [
            (godOfA, contentA), (godOfA, contentB), (godOfB, contentA), (godOfB, contentB), (nil, nil),
        ]
        var all: [Production?] = [nil]
        for address in addresses {
            for content in contents {
                all.append(
                    Production(
                        user: UserID("7"), god: address, godDigest: content.god, aggregate: aggregateAddress,
                        aggregateDigest: content.aggregate, version: nil, mappingDigest: nil, producedAtMs: 1))
            }
        }
        return all
    }()

    static let parked: [[Hop: ParkReason]] = (0..<8).map { bits in
        var reasons: [Hop: ParkReason] = [:]
        if bits & 1 != 0 { reasons[.intake] = .badUserID }
        if bits & 2 != 0 { reasons[.aggregator] = .badRow }
        if bits & 4 != 0 { reasons[.enricher] = .mappingFailed }
        return reasons
    }

    static let strays: [[Stray]] = {
        let record = LiveRecord(address: RecordAddress(partition: 5, offset: 1), digest: contentA)
        let aggregate = Stray(stage: .aggregate, cause: .twoLiveKeys, record: record, key: utf8("07"))
        let god = Stray(stage: .god, cause: .wrongPartition, record: record, key: utf8("7"))
        return [[], [aggregate], [god], [aggregate, god]]
    }()

    static func forEach(_ body: (Evidence) throws -> Void) rethrows {
        for row in rows {
            for aggregate in aggregates {
                for god in gods {
                    for production in productions {
                        for parked in parked {
                            for sign in signs {
                                for strays in strays {
                                    try body(
                                        Evidence(
                                            row: row, aggregate: aggregate, production: production, god: god, parked: parked,
                                            isSignalledSince: sign.isSignalledSince, isEncodingChanged: sign.isEncodingChanged,
                                            isSameInMeaning: sign.isSameInMeaning, isMappingChanged: sign.isMappingChanged,
                                            strays: strays))
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    struct Signs {
        var isSignalledSince: Bool?
        var isEncodingChanged = false
        var isSameInMeaning = false
        var isMappingChanged = false
    }

    /// Signals and encoding only explain a difference, meaning and mapping only make or unmake one: they are not mixed.
    static let signs: [Signs] =
        [nil, true, false].flatMap { signalled in
            [true, false].map { Signs(isSignalledSince: signalled, isEncodingChanged: $0) }
        } + [
            Signs(isSameInMeaning: true), Signs(isMappingChanged: true), Signs(isSameInMeaning: true, isMappingChanged: true),
        ]
}
