import Domain

/// The size of a schedule, and what may happen in it, drawn from its seed.
///
/// Each kind of trouble is left out of most schedules: where everything goes wrong at once, no two things ever meet in peace.
public struct Plan: Sendable {
    var users: [UserID]
    var rowsAtStart: Int
    var writers: Int
    var transactions: Int
    var changePartitions: Int
    /// Of the signals topic and the aggregate topic alike.
    var signalPartitions: Int
    var godPartitions: Int
    var processes: Int
    var intakes: Int
    var aggregators: Int
    var enrichers: Int
    var batchRecords: Int
    var runs: Int
    var troubles: [Trouble]
    var troubleCount: Int
    var defects: [Defect]
    /// Reconciliations meet failures of their ports too.
    var troublesRuns: Bool

    /// What happens to machines, networks and logs, and must harm nobody.
    enum Trouble: String, Sendable, CaseIterable {
        case crashProcess, stopProcess, crashConnector, stallWorker, stallWriter, stallConnector
        case brokerAway, mysqlAway, mappingAway, diskFull, flakyPorts
        case compact, markers, rotateLog
    }

    /// What harms a user, and must be found.
    enum Defect: String, Sendable, CaseIterable {
        case lostEvent, lostAggregate, lostGod, lostProduction
        case staleAggregate, swappedAggregate, alteredGod
        case ghostAggregate, ghostGod, strayAggregate, strayGod
        case truncatedChanges, collectedTombstone, mappingFails
    }

    init(_ chance: inout Chance, size: Size) {
        let userCount = chance.within(1...4)
        users = (1...userCount).map { UserID(String($0)) }
        rowsAtStart = chance.within(0...userCount)
        writers = chance.within(1...2)
        transactions = chance.within(1...(size == .small ? 4 : 9))
        changePartitions = chance.within(1...2)
        signalPartitions = chance.within(1...2)
        godPartitions = chance.within(1...2)
        processes = chance.happens(40) ? 2 : 1
        intakes = chance.happens(25) ? 2 : 1
        aggregators = chance.happens(25) ? 2 : 1
        enrichers = chance.happens(25) ? 2 : 1
        batchRecords = chance.one(of: [1, 2, 3, 10]) ?? 3
        runs = chance.within(1...3)
        troubles = Trouble.allCases
        troubles.removeAll { _ in chance.happens(70) }
        troubleCount = troubles.isEmpty ? 0 : chance.within(1...(size == .small ? 3 : 6))
        defects = []
        if chance.happens(45) {
            for _ in 0..<chance.within(1...2) { defects += [chance.one(of: Defect.allCases)].compactMap { $0 } }
        }
        troublesRuns = chance.happens(20)
    }

    /// Workers of a hop in each process.
    func workers(_ hop: Hop) -> Int {
        switch hop {
        case .intake: intakes
        case .aggregator: aggregators
        case .enricher: enrichers
        }
    }

    /// How much happens in one schedule.
    public enum Size: String, Sendable, CaseIterable {
        case small, medium
    }
}
