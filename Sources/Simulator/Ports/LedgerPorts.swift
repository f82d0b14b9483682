import Domain
import Kafka
import Reconcile

/// The ledgers of all machines, as a run reads them.
final class SimulatedLedgers: LedgerPort {
    private let world: World

    init(world: World) {
        self.world = world
    }

    func read(after position: LedgerPosition, _ body: (Production) throws -> Void) throws -> LedgerPosition {
        var position = position
        let count = world.act { $0.machines.count }
        while position.lastIDs.count < count { position.lastIDs.append(0) }
        for machine in 0..<count {
            try world.call("read ledger", "\(machine)")
            let productions = world.act { $0.machines[machine].productions }
            for production in productions[Int(position.lastIDs[machine])...] { try body(production) }
            position.lastIDs[machine] = Int64(productions.count)
        }
        return position
    }

    func marks() throws -> [LedgerMark] {
        try world.call("how far do the ledgers go?")
        return world.act { state in
            state.machines.enumerated().map { LedgerMark(id: "\($0)", lastID: Int64($1.productions.count)) }
        }
    }

    func highestGodOffsets() throws -> [Int32: Int64] {
        try world.call("highest God offsets")
        return world.act { state in
            state.machines.flatMap(\.productions).reduce(into: [:]) { highest, production in
                highest[production.god.partition] = max(highest[production.god.partition] ?? 0, production.god.offset)
            }
        }
    }
}

/// The parked records of all machines, as a run reads them.
struct SimulatedParked: ParkedPort {
    let world: World

    func open(_ body: (UserID, OpenParking) throws -> Void) throws -> Int {
        try world.call("who is parked?")
        let open = world.act { $0.openParked }
        for (user, entry) in open { if let user { try body(user, entry) } }
        return open.count { $0.user == nil }
    }
}

extension WorldState {
    /// The open entries of all machines, the newest last.
    var openParked: [(user: UserID?, entry: OpenParking)] {
        machines.flatMap { machine in
            machine.parked.filter(\.value.isOpen).sorted { $0.value.number < $1.value.number }.map { key, entry in
                let address = RecordAddress(partition: key.partition.partition, offset: key.offset)
                return (
                    entry.user,
                    OpenParking(hop: entry.hop, reason: entry.reason, address: address, parkedAtMs: entry.parkedAtMs)
                )
            }
        }
    }
}
