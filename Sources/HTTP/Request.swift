/// A header field of a request or of a response. Names compare without regard to case.
public struct Header: Sendable, Hashable {
    /// The field's name, such as `Retry-After`.
    public var name: String
    /// The field's value, without the white space around it.
    public var value: String

    /// A field of that name and value.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// The request methods that Rollcall sends.
public enum Method: String, Sendable, Hashable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"

    /// Whether a request of this method without a body says so with `Content-Length: 0` (RFC 9110 section 8.6).
    var expectsBody: Bool { self == .post || self == .put || self == .patch }
}

/// One HTTP request.
public struct Request: Sendable, Hashable {
    /// An absolute `http://` or `https://` URL, percent-encoded (see ``percentEncoded(_:)``).
    public var url: String
    /// The request method; `GET` unless told otherwise.
    public var method: Method
    /// Header fields beside those that ``Configuration`` gives to every request.
    public var headers: [Header]
    /// The body; nil sends none.
    public var body: [UInt8]?

    /// A request as its parts describe it; it is checked when it is sent.
    public init(url: String, method: Method = .get, headers: [Header] = [], body: [UInt8]? = nil) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
    }

    /// What is wrong with the request itself, before anything is sent; nil if nothing is.
    ///
    /// libcurl reads C strings, so a NUL would silently cut a URL short, and a line break in a header's value would
    /// let that value add headers of its own.
    var defect: String? {
        guard hasHTTPScheme(url) else { return "the URL must begin with http:// or https://" }
        if url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
            return "the URL holds a space or a control character"
        }
        for header in headers {
            if header.name.isEmpty || header.name.utf8.contains(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == 0x3A }) {
                return "a header's name is empty or holds a character that is not allowed"
            }
            if header.value.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
                return "the value of the header \(header.name) holds a control character"
            }
        }
        return nil
    }
}

/// One HTTP response, whatever its status: a 500 is a response, not an ``HTTPError``.
public struct Response: Sendable, Equatable {
    /// The status code, such as 200 or 404.
    public var status: Int
    /// The header fields of the last response (after redirects), in the order they came.
    public var headers: [Header]
    /// The body, with any content encoding (gzip, br, zstd) already undone.
    public var body: [UInt8]
    /// The URL that answered, which differs from the requested one after a redirect.
    public var effectiveURL: String
    /// From the first byte of work to the last byte of the body, redirects included, in milliseconds.
    public var totalTimeMs: Int

    /// A response of these parts, for tests and stand-ins of the client.
    public init(status: Int, headers: [Header], body: [UInt8], effectiveURL: String, totalTimeMs: Int) {
        self.status = status
        self.headers = headers
        self.body = body
        self.effectiveURL = effectiveURL
        self.totalTimeMs = totalTimeMs
    }

    /// The value of the first header of that name, in any case; nil if there is none.
    public func header(_ name: String) -> String? {
        let wanted = name.lowercased()
        return headers.first { $0.name.lowercased() == wanted }?.value
    }
}
