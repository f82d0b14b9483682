import HTTP

/// How the mapping service is asked, and how patiently. Every wait is in milliseconds.
public struct MappingSettings: Sendable {
    /// How an answer to several users is laid out.
    public enum BatchAnswer: Sendable, Equatable {
        /// An object with one member per known user, named by the user id.
        case objectByUser
        /// An array with one object per known user, whose field of this name is the user id.
        case array(idField: String)
    }

    /// Where a user's mapping is: `{user_id}` stands for one user, `{user_ids}` for several; exactly one of them appears, once.
    public let url: MappingURL
    /// Connection, timeouts, size limit, headers and token.
    public var http = Configuration()
    /// The most requests that one worker has under way.
    public var concurrency = 16
    /// The most users of one request, where the URL holds `{user_ids}`.
    public var batchUsers = 100
    /// How an answer to `{user_ids}` is read.
    public var batchAnswer = BatchAnswer.objectByUser
    /// How often a request is sent before its failure counts: the first attempt and the retries.
    public var maxAttempts = 4
    /// How long after its first failure a request is tried again within one lookup.
    public var maxRetryMs = 15_000
    /// The longest pause before the first retry; it doubles with each, and the pause is drawn evenly from zero up to it.
    public var backoffInitialMs = 100
    /// The limit of that doubling.
    public var backoffMaximumMs = 5_000
    /// The longest pause that the service may ask for with `Retry-After`.
    public var retryAfterMaximumMs = 300_000
    /// After how long a user for whom the service only fails (status 500, a cut or hanging connection) is given up although
    /// nobody else was answered meanwhile. Until then the failures may be the service's, and the lookup waits; and if they are,
    /// one user in this time is given up for nothing.
    public var blameAfterMs = 300_000
    /// How many failures in a row open the circuit breaker.
    public var breakerFailures = 8
    /// How long the breaker stays open before one request may try; doubled with each failed try.
    public var breakerOpenMs = 1_000
    /// The limit of that doubling.
    public var breakerOpenMaximumMs = 30_000
    /// The most requests per second that one worker sends; nil for no limit.
    public var requestsPerSecond: Double?
    /// How long an answer is remembered; 0 remembers nothing.
    public var cacheFoundMs = 0
    /// How long it is remembered that the service does not know a user; 0 remembers nothing.
    public var cacheNotFoundMs = 0
    /// The most memory that remembered answers take.
    public var cacheBytes = 8 << 20

    /// The defaults, for this URL.
    public init(url: MappingURL) {
        self.url = url
    }
}
