import Domain

/// A client of the shop: writes transactions, each of which is logged first and visible a moment later.
struct Writer: Sendable {
    let transactions: Int

    func live(in world: World) throws {
        for _ in 0..<transactions {
            try world.sleep(ms: world.act { $0.schedule.chance.within(1...$0.plan.writerPauseMs) })
            try world.turn("begin")
            let transaction = world.act { state in
                let acts = state.drawActs()
                let transaction = state.server.write(acts)
                let end = state.server.log[transaction].end
                state.note("logs \(acts) up to \(end)")
                state.schedule.announce(Name.binlog)
                return transaction
            }
            // Here the log is ahead of what can be read.
            if world.act({ $0.schedule.chance.happens(25) }) {
                try world.sleep(ms: world.act { $0.schedule.chance.within(1...80) })
            }
            try world.turn("commit")
            world.act { $0.server.commit(transaction) }
        }
    }
}

extension WorldState {
    /// Few users and fewer values, so that they meet often, and come back to what they were.
    fileprivate mutating func drawActs() -> [Server.Act] {
        (0..<schedule.chance.within(1...2)).compactMap { _ in
            guard let user = schedule.chance.one(of: plan.users), let other = schedule.chance.one(of: plan.users) else {
                return nil
            }
            let value = schedule.chance.below(3)
            switch schedule.chance.below(10) {
            case 0...3: return .name(user, value)
            case 4...6: return .preference(user, value)
            case 7...8: return .delete(user)
            default: return .move(user, to: other)
            }
        }
    }
}
