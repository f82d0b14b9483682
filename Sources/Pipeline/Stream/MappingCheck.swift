import HTTP

/// Looks whether somebody answers where the mapping service should be. What the answer says does not matter: the request names
/// no user.
struct MappingCheck {
    let settings: MappingSettings
    /// The longest that a start waits for the answer. The settings' own limits are for a call among thousands, which is made
    /// again; this one is not, and a service that is slow to wake is there.
    var timeoutMs = 5_000

    func run() throws {
        var configuration = settings.http
        configuration.connectTimeoutMs = timeoutMs
        configuration.totalTimeoutMs = timeoutMs
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
