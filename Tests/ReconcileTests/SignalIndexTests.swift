import Domain
import Kafka
import Synchronization
import Testing

@testable import Reconcile

@Suite("The newest signal of a user")
struct SignalIndexTests {
    @Test("is found however often it is asked for, also when others come meanwhile", arguments: [100, 1 << 20, .max])
    func questions(tableBytes: Int) throws {
        let world = World(users: 300)
        let index = SignalIndex(
            try WorldPorts(world: world).topic(World.Topic.signals), kind: .integer,
            shape: MemoryPlan(budgetBytes: 1_000_000).shape(inputs: 4, directory: SpillFile.defaultDirectory),
            tableBytes: tableBytes)
        let users = (1...300).map { UserID("\($0)") }
        for question in 1...8 {
            // Of whom nobody ever heard, there is no signal.
            let found = try index.newest(of: users + [UserID("1000"), UserID("-7")])
            #expect(found == world.newestSignals, "question \(question)")
            for number in stride(from: question, through: 300, by: 40) {
                world.change(UserID("\(number)"), to: "question \(question)")
            }
            world.pump()
        }
    }

    @Test("is found among users whose ids are texts, and among signals of one user without end", arguments: [4_096, .max])
    func table(limitBytes: Int) throws {
        var shape = MemoryPlan(budgetBytes: 1_000_000).shape(inputs: 4, directory: SpillFile.defaultDirectory)
        shape.partBits = 2
        var spill = Spill(shape)
        var newest: [UserKey: RecordAddress] = [:]
        for offset in 0..<20_000 {
            // Each second one is of the same user.
            let user = offset.isMultiple(of: 2) ? "restless" : "user \(offset % 3_001)"
            let key = UserIDKind.string.key(UserID(user))
            let address = RecordAddress(partition: Int32(offset % 3), offset: Int64(offset))
            newest[key] = address
            try spill.append(SpillEntry(key: key, digest: nil, address: address))
        }
        let table = try SignalTable(spill, limitBytes: limitBytes)
        for (key, address) in newest { #expect(try table.newest(of: key) == address) }
        for number in 0..<1_000 { #expect(try table.newest(of: UserIDKind.string.key(UserID("nobody \(number)"))) == nil) }
    }

    @Test("names the cause of very many findings, as it does of a few")
    func causes() throws {
        let world = World(users: 200)
        for number in 1...200 {
            let user = UserID("\(number)")
            world.change(user, to: "lost", emitsEvent: number.isMultiple(of: 2))
            _ = world.state.withLock { $0.loses[.aggregator, default: []].insert(user) }
        }
        world.pump()
        var settings = World.settings
        settings.settleBatchUsers = 10
        settings.stages = [.aggregate]
        let (_, findings) = try world.verify(settings)
        let expected = (1...200).map {
            "\($0) aggregate stale " + ($0.isMultiple(of: 2) ? "signalled_never_aggregated" : "no_change_event_seen")
        }
        #expect(findings == expected.sorted())
    }
}

extension World {
    /// Where the newest signal of each user lies.
    fileprivate var newestSignals: [UserID: RecordAddress] {
        state.withLock { state in
            var newest: [UserID: RecordAddress] = [:]
            for (partition, records) in (state.topics[Topic.signals] ?? []).enumerated() {
                for (offset, record) in records.enumerated() {
                    newest[UserID(String(decoding: record.key ?? [], as: UTF8.self))] =
                        RecordAddress(partition: Int32(partition), offset: Int64(offset))
                }
            }
            return newest
        }
    }
}
