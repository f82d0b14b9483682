import Domain
import Kafka

/// The connector: reads the log, delivers its changes in batches whose partitions proceed independently, and commits its source
/// offset only when a batch is delivered as a whole. After a crash it goes on from the offset, and so repeats itself.
struct Connector: Sendable {
    func live(in world: World) throws {
        var next = try start(in: world)
        var uncommitted: SourcePosition?
        while true {
            let batch = world.act { state in state.nextTransactions(after: next) }
            guard !batch.isEmpty else {
                if let position = uncommitted { try commit(position, in: world) }
                uncommitted = nil
                try world.sleep(ms: 300, unless: [Name.binlog])
                continue
            }
            try deliver(batch.flatMap(\.events), in: world)
            next += batch.count
            uncommitted = batch.last?.end
            // Offsets are flushed every now and then.
            if world.act({ $0.schedule.chance.happens(60) }), let position = uncommitted {
                try commit(position, in: world)
                uncommitted = nil
            }
        }
    }

    /// Where to go on; the tables are copied first when that was never done.
    private func start(in world: World) throws -> Int {
        try world.turn("start")
        if let offset = world.act({ $0.connectorOffset }), !offset.isSnapshot {
            return world.act { $0.server.transactions(before: offset.position) }
        }
        let (seen, position, rows) = world.act { state in
            let seen = state.server.visible
            return (seen, state.server.position(ofSnapshot: seen), state.server.rows(in: seen))
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
        try deliver(
            rows.map { Event(table: Name.users, user: $0.user, operation: "r", position: position) }, in: world)
        try commit(position, in: world)
        return seen
    }

    private func commit(_ position: SourcePosition, in world: World) throws {
        try world.turn("commit the source offset", "\(position)")
        world.act { state in
            state.connectorOffset = ConnectorOffset(position: position, isSnapshot: false)
            state.schedule.announce("connector committed")
        }
    }

    private func deliver(_ events: [Event], in world: World) throws {
        var lanes = world.act { state in Dictionary(grouping: events) { $0.lane(in: state.broker) } }
        while !lanes.isEmpty {
            try world.turn("deliver")
            world.act { state in
                guard !state.isAway(.broker) else { return }
                let lane = state.schedule.chance.one(of: lanes.keys.sorted { $0.description < $1.description })
                guard let lane, let event = lanes[lane]?.removeFirst() else { return }
                if lanes[lane]?.isEmpty == true { lanes[lane] = nil }
                for record in event.records {
                    let address = state.append(lane.topic, record, partition: lane.partition)
                    state.note("\(event.operation) of \(event.user) at \(event.position) becomes \(lane.topic) \(address)")
                }
            }
        }
        try world.turn("delivered")
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
        let source =
            "{\"file\":\"\(position.file ?? "")\",\"pos\":\(position.offset ?? 0),\"server_id\":\(Server.id),\"table\":\"\(table)\"}"
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

/// A transaction as the connector hands it over.
struct HandedOver: Sendable {
    var end: SourcePosition
    var events: [Event]
}

extension WorldState {
    fileprivate mutating func nextTransactions(after next: Int) -> [HandedOver] {
        let count = min(server.log.count - next, schedule.chance.within(1...3))
        guard count > 0 else { return [] }
        return server.log[next..<(next + count)].map { transaction in
            HandedOver(end: transaction.end, events: events(of: transaction))
        }
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
