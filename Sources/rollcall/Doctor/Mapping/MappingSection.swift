import Domain
import Pipeline

/// Asks the mapping service about a user, by the very client that the pipeline uses.
struct MappingSection {
    let settings: EffectiveSettings

    /// - Parameter sample: Users who exist; empty where none is known.
    func examine(sample: [UserID]) throws -> Section {
        var mapping = try settings.mapping()
        // A doctor wants to know how it is now, not how it is after four tries.
        mapping.maxAttempts = 1
        mapping.maxRetryMs = 0
        let kind = try settings.userIDKind
        let user = sample.first ?? (kind == .string ? UserID("rollcall-doctor") : UserID("1"))
        let service = try HTTPMappingService(settings: mapping, clock: WallClock())
        let begin = ProgressLine.nowMs()
        let answer: Result<MappingAnswer, PortFailure>
        do {
            let answers = try service.mappings(of: [user], whileWaiting: {})
            answer = .success(answers[user] ?? .failed("the service's answer does not name the user"))
        } catch let failure as PortFailure {
            answer = .failure(failure)
        }
        let check = MappingCheck.judge(
            answer, user: user, url: try settings.value(EffectiveSettings.keys.mapping.url), tookMs: ProgressLine.nowMs() - begin)
        return Section(name: "Mapping service", checks: [check])
    }
}
