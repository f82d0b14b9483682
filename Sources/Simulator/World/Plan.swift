import Domain

/// The size of a schedule, and what may happen in it, drawn from its seed.
///
/// Each kind of trouble is left out of most schedules: where everything goes wrong at once, no two things ever meet in peace.
public struct Plan: Sendable {
    var users: [UserID]
    var rowsAtStart: Int
    /// The source is a MySQL whose transactions have global ids, and no MariaDB.
    var hasGTIDs: Bool
    var writers: Int
    var transactions: Int
    /// Milliseconds between two transactions of a writer, at most.
    var writerPauseMs: Int
    /// Milliseconds between two troubles, at most.
    var troublePauseMs: Int
    /// Milliseconds before each run, at most.
    var runPauseMs = 500
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
    /// The first run dies over its scan, and another one goes on from there.
    var interruptsRuns: Bool
    /// Milliseconds before that first run.
    var interruptionPauseMs = 20...500
    /// Runs know nothing of the connector's progress, all but the last.
    var hasWeakFence: Bool
    /// How often the mapping service changes its mind, and everyone or somebody is enriched once more.
    var replays: Int
    /// Enrichers remember what the mapping service said.
    var remembersMappings: Bool
    /// In how many of a hundred polls a worker stands still before it asks, for less than a session.
    var napPercent = 0
    /// Only aggregators oversleep their session, one at a time, with an aggregate in hand, and wake when a run asks how far the
    /// enricher is.
    var wakesLateWriters = false

    /// What happens to machines, networks and logs, and must harm nobody.
    enum Trouble: String, Sendable, CaseIterable {
        case crashProcess, stopProcess, crashConnector, stallWorker, stallWriter, stallConnector
        case dozingWorker
        case brokerAway, partitionAway, mysqlAway, mappingAway, diskFull, flakyPorts
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
        // Changes that go on for longer than a session meet workers that have lost theirs.
        writerPauseMs = chance.one(of: [60, 60, 60, 500]) ?? 60
        troublePauseMs = chance.one(of: [250, 250, 700]) ?? 250
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
        // Somebody has to take over what a worker that stands still has lost.
        if troubles.contains(.dozingWorker), chance.happens(70) { processes = 2 }
        troubleCount = troubles.isEmpty ? 0 : chance.within(1...(size == .small ? 3 : 6))
        defects = []
        if chance.happens(45) {
            for _ in 0..<chance.within(1...2) { defects += [chance.one(of: Defect.allCases)].compactMap { $0 } }
        }
        troublesRuns = chance.happens(20)
        interruptsRuns = chance.happens(15)
        hasWeakFence = chance.happens(10)
        replays = chance.happens(25) ? chance.within(1...2) : 0
        remembersMappings = chance.happens(50)
        hasGTIDs = chance.happens(25)
        if chance.happens(10) {
            beAboutLateWriters()
        } else if interruptsRuns, chance.happens(50) {
            beAboutLostInserts()
        } else if chance.happens(10) {
            beAboutMendings()
        }
    }

    /// What a scan has overlooked is noticed by nobody only where the topics lack it too.
    private mutating func beAboutLostInserts() {
        users = ["1", "2"].map { UserID($0) }
        rowsAtStart = 0
        writers = 1
        transactions = 3
        writerPauseMs = 60
        troublePauseMs = 40
        interruptionPauseMs = 150...400
        troubles = []
        troubleCount = 0
        defects = [.lostEvent, .lostEvent]
        troublesRuns = false
    }

    /// Few users, whose workers lose their partitions over and over without knowing, while MySQL answers late.
    private mutating func beAboutLateWriters() {
        users = Array(users.prefix(2))
        rowsAtStart = min(rowsAtStart, users.count)
        writerPauseMs = 500
        processes = 2
        runs = 6
        runPauseMs = 50
        troubles = [.dozingWorker, .dozingWorker, .stallWorker, .mysqlAway, .mappingAway]
        troubleCount = 14
        defects = []
    }

    /// One user, whose aggregate is written late while a run passes a fence, and hops that take their time to notice and to mend it.
    private mutating func beAboutMendings() {
        users = ["1"].map { UserID($0) }
        rowsAtStart = 1
        writers = 1
        transactions = 12
        writerPauseMs = 1_000
        signalPartitions = 1
        processes = 2
        aggregators = 1
        enrichers = 1
        runs = 12
        runPauseMs = 150
        troubles = [.dozingWorker]
        troubleCount = 6
        troublePauseMs = 1_500
        defects = []
        troublesRuns = false
        interruptsRuns = false
        hasWeakFence = false
        replays = 0
        napPercent = 40
        wakesLateWriters = true
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
