import Domain

/// One request for one or several users, and how it fared so far.
struct MappingRequest {
    var users: [UserID]
    /// Attempts that failed in the lookup at hand.
    private(set) var attempts = 0
    /// When it failed first in the lookup at hand, in milliseconds since 1970.
    private(set) var retryingSinceMs: Int64 = 0
    /// When it failed first at all.
    private(set) var firstFailureMs: Int64 = 0
    /// How many users had been answered when it failed first at all.
    private(set) var answeredUsersAtFirstFailure = 0
    private var hasFailedBefore = false
    /// It is not sent before.
    var notBefore: Deadline?
    /// Rises with each request that is sent, so that it tells which was tried longest ago.
    var serial = 0
    /// When it was sent last, in milliseconds since 1970.
    var sentAtMs: Int64 = 0

    init(users: [UserID]) {
        self.users = users
    }

    mutating func noteFailure(_ nowMs: Int64, answeredUsers: Int) {
        if !hasFailedBefore {
            hasFailedBefore = true
            firstFailureMs = nowMs
            answeredUsersAtFirstFailure = answeredUsers
        }
        if attempts == 0 { retryingSinceMs = nowMs }
        attempts += 1
    }

    /// The same request for the next lookup, which may try as often as the last one; what it is suspected of remains.
    var startedAfresh: MappingRequest {
        var copy = self
        copy.attempts = 0
        copy.notBefore = nil
        return copy
    }
}

/// What one lookup has come to.
struct MappingLookupState {
    var answers: [UserID: MappingAnswer] = [:]
    /// Until when those of them may be used that an earlier lookup left; nil if there are none.
    var answersExpiry: Deadline?
    /// To be sent.
    var waiting: [MappingRequest] = []
    /// Sent, by number.
    var underWay: [Int: MappingRequest] = [:]
    /// Refused, each for one user, and why; until the end of the lookup, which shows whether others are answered.
    var refused: [(request: MappingRequest, reason: String)] = []
    /// Whether the service has answered for anybody in this lookup.
    var hasAnswers = false
    /// Tried as often as one lookup may, without anybody to blame but the service.
    var stranded: [MappingRequest] = []

    /// The request failed for what it asks. If it asks for several users, the halves are tried, until the one is found that it is
    /// because of.
    mutating func blame(_ request: MappingRequest, _ reason: String) {
        guard request.users.count > 1 else {
            for user in request.users { answers[user] = .failed(reason) }
            return
        }
        let middle = request.users.count / 2
        for half in [request.users[..<middle], request.users[middle...]] {
            var next = request.startedAfresh
            next.users = Array(half)
            waiting.append(next)
        }
    }
}
