import Domain
import Kafka

/// The connector: reads the log, and hands its changes to a producer whose partitions proceed independently. It commits as its
/// source offset how far everything is delivered without a gap. After a crash it goes on from the offset, and so repeats itself.
struct Connector: Sendable {
    func live(in world: World) throws {
        var flow = try start(in: world)
        while true {
            world.act { $0.readLog(into: &flow) }
            if flow.isEmpty {
                try commit(&flow, in: world)
                try world.sleep(ms: 300, unless: [Name.binlog])
                continue
            }
            try deliver(&flow, in: world)
            // Offsets are flushed every now and then.
            if world.act({ $0.schedule.chance.happens(25) }) { try commit(&flow, in: world) }
        }
    }

    /// Where to go on; the tables are copied first when that was never done.
    private func start(in world: World) throws -> ConnectorFlow {
        try world.turn("start")
        if let offset = world.act({ $0.connectorOffset }), !offset.isSnapshot {
            return ConnectorFlow(next: world.act { $0.server.transactions(before: offset.position) })
        }
        let (seen, position, rows) = world.act { state in
            let seen = state.server.visible
            return (seen, state.server.copyPosition, state.server.rows(in: seen))
        }
        try world.turn("begin the copy", "at \(position)")
        world.act { state in
            state.connectorOffset = ConnectorOffset(position: position, isSnapshot: true)
            // A row that was copied, and is gone by the time the copy begins anew, is never heard of again.
            for user in state.copied where !rows.contains(where: { $0.user == user }) {
                state.truth.blame(user, "deleted between two copies")
            }
            state.copied.formUnion(rows.map(\.user))
        }
        var flow = ConnectorFlow(next: seen)
        flow.take(rows.map { Event(table: Name.users, user: $0.user, operation: "r", position: position) }, upTo: position) {
            event in world.act { event.lane(in: $0.broker) }
        }
        while !flow.isEmpty { try deliver(&flow, in: world) }
        flow.finishCopy(at: position)
        try commit(&flow, in: world)
        return flow
    }

    private func commit(_ flow: inout ConnectorFlow, in world: World) throws {
        guard let position = flow.takeDelivered() else { return }
        try world.turn("commit the source offset", "\(position)")
        world.act { state in
            state.connectorOffset = ConnectorOffset(position: position, isSnapshot: false)
            state.schedule.announce("connector committed")
        }
    }

    /// Delivers the next event of some partition.
    private func deliver(_ flow: inout ConnectorFlow, in world: World) throws {
        try world.turn("deliver")
        let isStuck = world.act { state in
            guard !state.isAway(.broker) else { return true }
            let lanes = flow.lanes.filter { !state.isLeaderless($0) }
            guard let lane = lanes.one(&state.schedule.chance, unlike: flow.slowLane), let event = flow.next(in: lane) else {
                return true
            }
            for record in event.records {
                let address = state.append(lane.topic, record, partition: lane.partition)
                state.note("\(event.operation) of \(event.user) at \(event.position) becomes \(lane.topic) \(address)")
            }
            return false
        }
        if isStuck { try world.sleep(ms: 20) }
    }
}

/// What the connector has read and not delivered yet.
private struct ConnectorFlow: Sendable {
    /// The transaction of the log to read next.
    var next: Int
    /// A partition whose broker is slower than the others.
    var slowLane: TopicPartition?
    private var queues: [TopicPartition: [(transaction: Int, event: Event)]] = [:]
    /// What was read, in the order of the log, and how many events of each are still to be delivered.
    private var reads: [(end: SourcePosition, left: Int)] = []
    private var firstRead = 0
    private var delivered: SourcePosition?

    /// A producer holds only so much.
    static let mostTransactions = 8

    init(next: Int) { self.next = next }

    var isEmpty: Bool { queues.isEmpty }
    var room: Int { Self.mostTransactions - (reads.count - firstRead) }
    /// In an order that does not depend on hashes.
    var lanes: [TopicPartition] { queues.keys.sorted { $0.description < $1.description } }

    mutating func take(_ events: [Event], upTo end: SourcePosition, lane: (Event) -> TopicPartition) {
        for event in events { queues[lane(event), default: []].append((reads.count, event)) }
        reads.append((end, events.count))
        noteDelivered()
    }

    mutating func next(in lane: TopicPartition) -> Event? {
        guard let first = queues[lane]?.removeFirst() else { return nil }
        if queues[lane]?.isEmpty == true { queues[lane] = nil }
        reads[first.transaction].left -= 1
        noteDelivered()
        return first.event
    }

    mutating func finishCopy(at position: SourcePosition) { delivered = position }

    /// How far everything was delivered, if that is farther than when it was asked last.
    mutating func takeDelivered() -> SourcePosition? {
        defer { delivered = nil }
        return delivered
    }

    private mutating func noteDelivered() {
        while firstRead < reads.count, reads[firstRead].left == 0 {
            delivered = reads[firstRead].end
            firstRead += 1
        }
    }
}

extension [TopicPartition] {
    /// One of them, and the slow one seldom.
    fileprivate func one(_ chance: inout Chance, unlike slow: TopicPartition?) -> TopicPartition? {
        let quick = filter { $0 != slow }
        return chance.one(of: quick.isEmpty || chance.happens(5) ? self : quick)
    }
}

/// One change event, and the tombstone that may follow it.
struct Event: Sendable {
    var table: String
    var user: UserID
    var operation: String
    var position: SourcePosition
    var movedTo: UserID?
    var movedFrom: UserID?

    fileprivate var key: [UInt8] { Array("{\"user_id\":\(user.text)}".utf8) }

    /// Records of one partition keep their order.
    fileprivate func lane(in broker: Broker) -> TopicPartition {
        TopicPartition(table, table == Name.fence ? 0 : broker.home(of: key, in: table))
    }

    fileprivate var records: [Broker.NewRecord] {
        let row = "{\"user_id\":\(user.text)}"
        let gtid = position.gtids.map { "\"\($0)\"" } ?? "null"
        let source =
            "{\"file\":\"\(position.file ?? "")\",\"pos\":\(position.offset ?? 0),\"server_id\":\(Server.id),\"gtid\":\(gtid),\"table\":\"\(table)\"}"
        let before = operation == "d" || operation == "u" ? row : "null"
        let after = operation == "d" ? "null" : row
        let value = "{\"op\":\"\(operation)\",\"before\":\(before),\"after\":\(after),\"source\":\(source)}"
        var headers: [Header] = []
        if let movedTo { headers.append(Header("__debezium.newkey", text: "{\"user_id\":\(movedTo.text)}")) }
        if let movedFrom { headers.append(Header("__debezium.oldkey", text: "{\"user_id\":\(movedFrom.text)}")) }
        let event = Broker.NewRecord(
            key: key, value: Array(value.utf8), headers: headers, users: [user], position: position)
        let tombstone = Broker.NewRecord(key: key, value: nil, users: [user])
        return operation == "d" ? [event, tombstone] : [event]
    }
}

extension WorldState {
    /// Lets the connector read on, as far as its producer has room.
    fileprivate mutating func readLog(into flow: inout ConnectorFlow) {
        let count = min(server.log.count - flow.next, schedule.chance.within(1...3), flow.room)
        guard count > 0 else { return }
        if flow.slowLane == nil, schedule.chance.happens(15) {
            flow.slowLane = schedule.chance.one(of: Name.changes.flatMap { broker.partitions(of: $0) })
        }
        for transaction in server.log[flow.next..<(flow.next + count)] {
            flow.take(events(of: transaction), upTo: transaction.end) { $0.lane(in: broker) }
        }
        flow.next += count
    }

    private mutating func events(of transaction: Server.Transaction) -> [Event] {
        if transaction.nonce != nil {
            return [Event(table: Name.fence, user: UserID("0"), operation: "c", position: transaction.start)]
        }
        if weather.overlooksTransactions > 0, !transaction.changes.isEmpty {
            weather.overlooksTransactions -= 1
            note("the connector overlooks the transaction at \(transaction.start)")
            for change in transaction.changes { truth.blame(change.user, "event lost at \(change.position)") }
            return []
        }
        return transaction.changes.map {
            Event(
                table: $0.table, user: $0.user, operation: $0.operation, position: $0.position, movedTo: $0.movedTo,
                movedFrom: $0.movedFrom)
        }
    }
}
