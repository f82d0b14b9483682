import Domain
import Pipeline
import Reconcile

/// The pipeline's own client of the mapping service, as reconciliation asks it: by the same rules, so that an answer that the pipeline
/// would take is taken here, and the service is spared in the same way.
final class MappingServicePort: MappingPort {
    private let service: HTTPMappingService

    init(_ settings: MappingSettings) throws {
        var settings = settings
        // What was remembered from a moment ago is not what the service says now.
        settings.cacheFoundMs = 0
        settings.cacheNotFoundMs = 0
        service = try HTTPMappingService(settings: settings, clock: WallClock())
    }

    func answers(for users: [UserID]) throws -> [UserID: PresentMapping] {
        let answers = try service.mappings(of: users) {
            if StopSignals.isStopRequested { throw ReconcileError.interrupted }
        }
        return answers.mapValues { answer in
            switch answer {
            case .found(let bytes): .digest(Digest(of: bytes))
            case .notFound: .digest(nil)
            case .failed(let reason): .failed(reason)
            }
        }
    }
}
