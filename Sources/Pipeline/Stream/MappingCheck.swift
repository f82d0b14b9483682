import HTTP

/// Looks whether somebody answers where the mapping service should be. What the answer says does not matter: the request names
/// no user.
struct MappingCheck {
    let settings: MappingSettings
    /// The longest that a start waits for the answer.
    var timeoutMs = 5_000

    func run() throws {
        var configuration = settings.http
        configuration.connectTimeoutMs = min(configuration.connectTimeoutMs, timeoutMs)
        configuration.totalTimeoutMs = min(configuration.totalTimeoutMs, timeoutMs)
        do {
            _ = try Client(configuration).perform(Request(url: settings.url.url(for: [])))
        } catch let error as HTTPError {
            switch error.kind {
            case .resolve, .connect, .timeout, .tls, .request:
                throw PipelineError(.mappingUnreachable, "the mapping service is not there: \(error.message); see mapping.url")
            case .reset, .truncated, .tooLarge, .protocol, .redirect:
                // Somebody is there, and may know how to answer about a user.
                return
            }
        }
    }
}
