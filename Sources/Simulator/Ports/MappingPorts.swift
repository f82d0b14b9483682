import Domain
import Pipeline
import Reconcile

/// The mapping service, and what a client remembers of its answers.
///
/// Now and then it changes its mind about a user. A client may give remembered answers for as long as nobody asks for a replay.
final class SimulatedMappings: MappingLookup {
    private let world: World
    private let remembers: Bool
    private var remembered: [UserID: MappingAnswer] = [:]

    init(_ world: World) {
        self.world = world
        remembers = world.act { $0.plan.remembersMappings }
    }

    func mappings(of users: [UserID], whileWaiting: () throws -> Void) throws -> [UserID: MappingAnswer] {
        try world.turn("look up", "\(users)")
        try whileWaiting()
        let known = remembered
        let answers = try world.act { state in
            guard !state.isAway(.mapping) else { throw PortFailure(.unavailable, "the mapping service does not answer") }
            var answers: [UserID: MappingAnswer] = [:]
            for user in users { answers[user] = known[user] ?? state.answer(of: user) }
            return answers
        }
        try world.turn("looked up")
        try world.doze()
        if remembers {
            for (user, answer) in answers {
                if case .failed = answer { continue }
                remembered[user] = answer
            }
        }
        return answers
    }

    func forgetAnswers() { remembered = [:] }

    func forgetAnswers(of users: Set<UserID>) {
        for user in users { remembered[user] = nil }
    }

    /// What the service says of a user when it has changed its mind so often. Of one user it says nothing at first.
    static func answer(_ user: UserID, _ changes: Int) -> MappingAnswer {
        if user.text == "3", changes.isMultiple(of: 2) { return .notFound }
        return .found(Array("{\"id\":\"m\(user.text).\(changes)\"}".utf8))
    }

    /// The God object that belongs to an aggregate.
    static func god(of user: UserID, _ aggregate: [UInt8]?, answers changes: Int = 0) -> [UInt8]? {
        guard let aggregate else { return nil }
        if case .found(let mapping) = answer(user, changes) { return GodObject.compose(aggregate: aggregate, mapping: mapping) }
        return GodObject.compose(aggregate: aggregate, mapping: nil)
    }
}

/// The mapping service as a run asks it again.
struct SimulatedMappingPort: MappingPort {
    let world: World

    func answers(for users: [UserID]) throws -> [UserID: PresentMapping] {
        try world.call("ask for mappings again", "\(users)")
        return world.act { state in
            Dictionary(uniqueKeysWithValues: users.map { ($0, PresentMapping(state.answer(of: $0))) })
        }
    }
}

extension PresentMapping {
    fileprivate init(_ answer: MappingAnswer) {
        switch answer {
        case .found(let mapping): self = .digest(Digest(of: mapping))
        case .notFound: self = .digest(nil)
        case .failed(let reason): self = .failed(reason)
        }
    }
}

extension WorldState {
    /// What the mapping service says of a user now.
    func answer(of user: UserID) -> MappingAnswer {
        weather.mappingFails.contains(user) ? .failed("500") : SimulatedMappings.answer(user, weather.answers[user] ?? 0)
    }
}
