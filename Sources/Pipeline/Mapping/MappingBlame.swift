/// Decides whether a failure is the fault of the users of a request or of the service.
///
/// A service that answers others meanwhile is well, so a request that it goes on failing for is to blame on its users. One user
/// that the service always fails for must not hold up all others for ever: when nobody else is there to be answered, and
/// thereby to prove that the service is well, time decides, for one user at a time.
struct MappingBlame {
    /// What a failure says about the users of the request.
    enum Suspicion { case innocent, suspect, guilty }

    enum Judgement { case again, usersFault, servicesFault }

    /// Answers to users, since the start: proof of life against which a user's failures are judged.
    private(set) var answeredUsers = 0
    private let settings: MappingSettings
    /// When a user was last blamed without such proof, in milliseconds since 1970.
    private var lastBlameByAgeMs: Int64 = 0
    /// Users blamed for a refusal since somebody was answered last.
    private var blamedSinceAnswer = 0

    init(settings: MappingSettings) {
        self.settings = settings
    }

    mutating func noteAnswers(_ count: Int) {
        answeredUsers += count
        blamedSinceAnswer = 0
    }

    /// What is to become of a request that failed once more.
    mutating func judge(_ request: MappingRequest, _ suspicion: Suspicion, _ nowMs: Int64) -> Judgement {
        let isOld = isOld(request, nowMs)
        let isProven = answeredUsers > request.answeredUsersAtFirstFailure
        let isSpent =
            request.attempts >= settings.maxAttempts || nowMs - request.retryingSinceMs >= settings.maxRetryMs
            || suspicion == .suspect && isOld
        guard isSpent else { return .again }
        guard suspicion == .guilty || suspicion == .suspect && (isProven || isOld) else { return .servicesFault }
        if suspicion == .suspect, !isProven, request.users.count == 1 { lastBlameByAgeMs = nowMs }
        return .usersFault
    }

    /// Decides who is to blame for the refusals of a lookup: the user, if others were answered, before or meanwhile; else nobody yet.
    ///
    /// Answers from before count for some refusals in a row only, so that a service which begins to refuse everybody costs no more
    /// than those.
    mutating func settleRefused(_ lookup: inout MappingLookupState, _ nowMs: Int64) {
        for (request, reason) in lookup.refused {
            let wasAnswered = answeredUsers > request.answeredUsersAtFirstFailure || lookup.hasAnswers
            let isUsual = answeredUsers > 0 && blamedSinceAnswer < settings.breakerFailures
            guard wasAnswered || isUsual || isOld(request, nowMs) else {
                lookup.stranded.append(request)
                continue
            }
            if !wasAnswered, !isUsual { lastBlameByAgeMs = nowMs }
            if !wasAnswered { blamedSinceAnswer += 1 }
            lookup.blame(request, reason)
        }
        lookup.refused = []
    }

    private func isOld(_ request: MappingRequest, _ nowMs: Int64) -> Bool {
        nowMs - max(request.firstFailureMs, lastBlameByAgeMs) >= settings.blameAfterMs
    }
}
