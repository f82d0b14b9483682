/// How the mapping service's requests went: the answer of `GET /_stats`.
public struct MappingStats: Codable, Sendable, Equatable {
    /// Requests for mappings, those that failed included.
    public var requests = 0
    /// Users asked for, over all requests.
    public var users = 0
    /// Requests that a fault made fail.
    public var failures = 0
    /// The largest number of requests that were being answered at one time.
    public var maxConcurrent = 0
}

/// What the service knows and how it behaves at the moment.
struct MappingState {
    /// The body of `PUT /_generation`: a new generation for these users, or for all.
    struct NewGeneration: Codable {
        var generation: Int
        var users: [String]?
    }

    var faults = MappingFaults()
    var stats = MappingStats()
    /// Users that the service does not know.
    var unknownUsers: Set<String> = []
    private var generation = 1
    private var generationOfUser: [String: Int] = [:]
    private var concurrent = 0
    private var failureDebt = 0.0

    /// The mapping of a user; `nil` if the service does not know it.
    func mapping(of user: String) -> Mapping? {
        guard !user.isEmpty, !unknownUsers.contains(user) else { return nil }
        return Mapping(userID: user, generation: generationOfUser[user] ?? generation)
    }

    mutating func change(_ new: NewGeneration) {
        guard let users = new.users else {
            generation = new.generation
            generationOfUser = [:]
            return
        }
        for user in users { generationOfUser[user] = new.generation }
    }

    /// Counts a request, and says what is to happen to it: how long to wait, and how to fail if it is to.
    mutating func begin(users: [String]) -> (latencyMs: Int, failing: MappingFaults?) {
        stats.requests += 1
        stats.users += users.count
        concurrent += 1
        stats.maxConcurrent = max(stats.maxConcurrent, concurrent)
        let fails = mustFail(users)
        if fails { stats.failures += 1 }
        return (faults.latencyMs, fails ? faults : nil)
    }

    mutating func end() {
        concurrent -= 1
    }

    private mutating func mustFail(_ users: [String]) -> Bool {
        guard faults.failure != nil, faults.failuresLeft != 0 else { return false }
        if let chosen = faults.users, !users.contains(where: chosen.contains) { return false }
        // Each request adds its share; a whole one is paid by a failure. No chance is involved, so a run can be repeated.
        failureDebt += faults.errorRate
        guard failureDebt >= 1 else { return false }
        failureDebt -= 1
        faults.failuresLeft = faults.failuresLeft.map { $0 - 1 }
        return true
    }
}
