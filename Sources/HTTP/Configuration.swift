/// How a ``Client`` connects and what it accepts. The defaults suit a service in the same data centre.
public struct Configuration: Sendable, Equatable {
    /// Where requests go through.
    public enum Proxy: Sendable, Equatable {
        /// Straight to the server, whatever `http_proxy` and its kin say in the environment.
        case none
        /// What `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` say.
        case environment
        /// This proxy, such as `http://proxy.internal:3128`.
        case url(String)
    }

    /// How long name lookup, TCP and TLS together may take, in milliseconds.
    public var connectTimeoutMs = 5_000
    /// How long one request may take in all, redirects included, in milliseconds.
    public var totalTimeoutMs = 30_000
    /// The largest body that is accepted, in bytes after decompression; a larger one aborts the transfer.
    public var maxResponseBytes = 4 << 20
    /// How many redirects one request follows. Only redirects to the same scheme, host and port are followed at all.
    public var maxRedirects = 3
    /// The longest time between two calls of `whileWaiting`, in milliseconds.
    public var tickMs = 100
    /// Headers that each request carries, before its own.
    public var headers: [Header] = []
    /// Sent as `Authorization: Bearer …`. It never appears in an error message.
    public var bearerToken: String?
    /// A file of PEM certificates to trust in place of the system's; nil trusts the system's.
    public var caFile: String?
    /// Where requests go through; straight to the server unless told otherwise.
    public var proxy = Proxy.none
    /// Sent as `User-Agent`.
    public var userAgent = "rollcall"

    /// The defaults.
    public init() {}
}
