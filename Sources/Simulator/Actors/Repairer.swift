import Domain
import Kafka
import Reconcile
import Report

/// Somebody who repairs what a run has found, as `rollcall repair` does: one signal for each user whom a signal can help, with the
/// log's present end, and a close look at them afterwards.
struct Repairer: Sendable {
    let variant: Variant

    /// - Returns: Who was signalled.
    @discardableResult
    func signal(_ run: Run, in world: World) throws -> Set<UserID> {
        let users = Set(run.findings.filter { Repair.canMend($0.cause) }.map(\.user)).sorted()
        try world.turn("repair", "\(users)")
        let position = world.act { $0.server.end }
        let producer = SimulatedProducer(world, for: nil)
        var tickets: [UInt64: UserID] = [:]
        for user in users {
            let signal = Signal(user: user, position: position, cause: .repair)
            tickets[try producer.send(OutgoingRecord(topic: Name.signals, key: signal.key, value: signal.value)) {}] = user
        }
        var signalled: Set<UserID> = []
        for receipt in try producer.flush(timeoutMs: 1_000, whileWaiting: {}) {
            if case .delivered = receipt.outcome, let user = tickets[receipt.ticket] { signalled.insert(user) }
        }
        return signalled
    }

    /// Looks at users as closely as a run looks at suspects.
    func look(at users: Set<UserID>, in world: World) throws {
        guard !users.isEmpty else { return }
        try world.turn("look at the repaired", "\(users.map(\.text).sorted())")
        let (settings, began, seen) = world.act { (VerifySettings($0.plan), $0.schedule.turns, $0.server.visible) }
        // This variant is about plans, and a look at some users needs none.
        let variant = variant == .forgetfulReconcile ? .sound : variant
        let ports = variant.change(SimulatedReconcilePorts(world: world), in: world)
        do {
            let outcome = try UserCheck(settings, ports: ports).run(users)
            world.act { $0.check(outcome, of: users, beganTurn: began, seen: seen) }
        } catch let trouble as PortTrouble {
            world.act { $0.note("nobody could be looked at: \(trouble)") }
        }
    }
}
