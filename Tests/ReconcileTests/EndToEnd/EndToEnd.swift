import Testing

/// Tests of the verdict on real parts: a real MariaDB, the real Debezium engine, a broker, the mapping service and all hops of
/// the pipeline, started once for all of them.
///
/// They share one system, so they run one after the other. Each has user ids of its own, plants, verifies all users, mends,
/// and leaves behind a system that verifies clean. The broker is the one that `ROLLCALL_TEST_KAFKA` names, if it names one.
@Suite("End to end", .serialized, .livePipeline)
struct EndToEnd {}

/// Starts the system before the first test, and ends it after the last one.
struct LivePipelineTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let live = try LivePipeline(kafka: .named)
        defer { live.end() }
        try await LivePipeline.$running.withValue(live) { try await function() }
    }
}

extension Trait where Self == LivePipelineTrait {
    static var livePipeline: LivePipelineTrait { LivePipelineTrait() }
}
