/// What the mapping service does wrong, until it is told otherwise: the body of `PUT /_faults`, in JSON.
///
/// ```json
/// {"failure": "status", "status": 429, "retryAfterSeconds": 1, "errorRate": 0.2, "latencyMs": 30}
/// ```
public struct MappingFaults: Codable, Sendable, Equatable {
    /// How a request fails that was chosen to fail.
    public enum Failure: String, Codable, Sendable, CaseIterable {
        /// It is answered with ``MappingFaults/status``.
        case status
        /// It is not answered, for as long as the client cares to wait.
        case hang
        /// The body ends, and the connection with it, before the promised length is reached.
        case truncatedBody
        /// The body is of ``MappingFaults/bodyBytes`` bytes.
        case oversizedBody
        /// Status 200 with a body that is not JSON.
        case brokenJSON
        /// Status 200 with JSON of a shape that nobody agreed on.
        case wrongJSON
        /// The connection is closed without an answer.
        case disconnect
    }

    /// How long every answer waits, in milliseconds.
    public var latencyMs: Int
    /// What a failing request meets; `nil` if none is to fail.
    public var failure: Failure?
    /// The share of requests that fail, from 0 to 1; evenly spread, the same requests each time.
    public var errorRate: Double
    /// The status of ``Failure/status``.
    public var status: Int
    /// The `Retry-After` header of a failing status, in seconds.
    public var retryAfterSeconds: Int?
    /// The size of an oversized body, in bytes.
    public var bodyBytes: Int
    /// Only requests for one of these users fail; `nil` for all.
    public var users: [String]?
    /// After this many failures all is well again; `nil` for never.
    public var failuresLeft: Int?

    /// Faults as given; without arguments: none.
    public init(
        latencyMs: Int = 0, failure: Failure? = nil, errorRate: Double = 1, status: Int = 503, retryAfterSeconds: Int? = nil,
        bodyBytes: Int = 16 << 20, users: [String]? = nil, failuresLeft: Int? = nil
    ) {
        self.latencyMs = latencyMs
        self.failure = failure
        self.errorRate = errorRate
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.bodyBytes = bodyBytes
        self.users = users
        self.failuresLeft = failuresLeft
    }

    /// Reads JSON in which every field may be absent.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let defaults = MappingFaults()
        latencyMs = try fields.decodeIfPresent(Int.self, forKey: .latencyMs) ?? defaults.latencyMs
        failure = try fields.decodeIfPresent(Failure.self, forKey: .failure)
        errorRate = try fields.decodeIfPresent(Double.self, forKey: .errorRate) ?? defaults.errorRate
        status = try fields.decodeIfPresent(Int.self, forKey: .status) ?? defaults.status
        retryAfterSeconds = try fields.decodeIfPresent(Int.self, forKey: .retryAfterSeconds)
        bodyBytes = try fields.decodeIfPresent(Int.self, forKey: .bodyBytes) ?? defaults.bodyBytes
        users = try fields.decodeIfPresent([String].self, forKey: .users)
        failuresLeft = try fields.decodeIfPresent(Int.self, forKey: .failuresLeft)
    }
}
