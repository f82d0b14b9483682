import Domain
import Pipeline
import Report

/// The mapping service has to answer.
enum MappingCheck {
    private static let precondition = Precondition(
        "mapping.answers", why: "Without mappings no God object is made: the enricher waits, and the God topic falls behind.")
    /// With the default of 16 requests under way, a slower service holds a worker under 16 users a second.
    static let slowMs: Int64 = 1_000

    /// - Parameters:
    ///   - answer: What the service said of a user, or why nothing usable came.
    ///   - user: The user whom it was asked about.
    static func judge(_ answer: Result<MappingAnswer, PortFailure>, user: UserID, url: String, tookMs: Int64) -> Check {
        let advice = "curl -v '\(url)'    # from this machine; then mapping in the settings"
        switch answer {
        case .failure(let failure): return precondition.failure(failure.message, mend: advice)
        case .success(.failed(let reason)):
            return precondition.failure("no mapping of user \(user): \(reason)", mend: advice)
        case .success(.found), .success(.notFound):
            let isKnown = if case .success(.notFound) = answer { "does not know" } else { "knows" }
            let found = "the mapping service \(isKnown) user \(user), and says so in \(tookMs) ms"
            guard tookMs < slowMs else {
                return precondition.warning(
                    found, mend: "mapping.concurrency and pipeline.workers.enrich in the settings, if the service can stand it")
            }
            return precondition.ok(found)
        }
    }
}
