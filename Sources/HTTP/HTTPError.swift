import CCurl

/// A request that got no usable response.
public struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, as coarse as a caller needs it to decide what to do.
    public enum Kind: String, Sendable, Equatable {
        /// The host's name (or the proxy's) could not be looked up.
        case resolve
        /// Nothing accepted the connection.
        case connect
        /// The connect timeout or the total timeout passed.
        case timeout
        /// The connection was cut before a whole response header came.
        case reset
        /// The connection was cut within the body.
        case truncated
        /// The response is larger than ``Configuration/maxResponseBytes``.
        case tooLarge
        /// No trusted, encrypted connection came about.
        case tls
        /// What came back is not HTTP as it should be.
        case `protocol`
        /// A redirect to another host, or too many redirects.
        case redirect
        /// The request or the client's settings are wrong; nothing was sent.
        case request
    }

    /// What went wrong, as coarse as a caller needs it.
    public var kind: Kind
    /// libcurl's name of the error, such as `CURLE_OPERATION_TIMEDOUT`; `REDIRECT_REFUSED` for a redirect to another host.
    public var code: String
    /// What happened and to which URL, without credentials and query values.
    public var message: String
    /// Whether the same request may succeed later without anybody changing a setting.
    public var isRetriable: Bool

    /// An error of these parts, for stand-ins of the client.
    public init(kind: Kind, code: String, message: String, isRetriable: Bool) {
        self.kind = kind
        self.code = code
        self.message = message
        self.isRetriable = isRetriable
    }

    /// The message and the code, on one line.
    public var description: String { "\(message) [\(code)]" }
}

extension HTTPError {
    /// The error for a transfer that libcurl ended with `result`.
    ///
    /// - Parameters:
    ///   - detail: libcurl's own sentence, from its error buffer; may be empty.
    ///   - systemError: the `errno` behind it, 0 if there is none.
    init(result: CURLcode, detail: String, systemError: Int, request: Request) {
        let (kind, isRetriable) = HTTPError.classify(result, systemError: systemError)
        let sentence = detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail
        self.init(
            kind: kind, code: curlName(result),
            message: "\(request.method.rawValue) \(redactedURL(request.url)): \(sentence)", isRetriable: isRetriable)
    }

    /// An error that is noticed on this side of libcurl.
    init(kind: Kind, code: String, _ sentence: String, request: Request) {
        self.init(
            kind: kind, code: code, message: "\(request.method.rawValue) \(redactedURL(request.url)): \(sentence)",
            isRetriable: false)
    }

    init(kind: Kind, code: CURLcode, _ sentence: String, request: Request) {
        self.init(kind: kind, code: curlName(code), sentence, request: request)
    }

    /// The kind of a libcurl result, and whether trying again makes sense.
    ///
    /// A server that is being restarted shows up as each of the retriable ones. A certificate that is not trusted, a
    /// URL that cannot be parsed and a body over the limit stay what they are until somebody acts.
    static func classify(_ result: CURLcode, systemError: Int) -> (Kind, isRetriable: Bool) {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: (.resolve, true)
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED: (.connect, true)
        case CURLE_OPERATION_TIMEDOUT: (.timeout, true)
        case CURLE_PARTIAL_FILE: (.truncated, true)
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR: (.reset, true)
        // libcurl says "receive error" both for a reset connection and for chunks it cannot parse; only the former
        // has an errno.
        case CURLE_RECV_ERROR: (systemError == 0 ? .protocol : .reset, true)
        case CURLE_FILESIZE_EXCEEDED: (.tooLarge, false)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_SHUTDOWN_FAILED: (.tls, true)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT,
            CURLE_USE_SSL_FAILED, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_CRL_BADFILE:
            (.tls, false)
        case CURLE_TOO_MANY_REDIRECTS: (.redirect, false)
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION, CURLE_NOT_BUILT_IN,
            CURLE_FAILED_INIT, CURLE_SETOPT_OPTION_SYNTAX, CURLE_RECURSIVE_API_CALL:
            (.request, false)
        default: (.protocol, true)
        }
    }
}

/// libcurl's own name of a result, for those that an HTTP transfer can end with; `CURLE_n` for any other.
func curlName(_ result: CURLcode) -> String {
    let name: String? =
        switch result {
        case CURLE_UNSUPPORTED_PROTOCOL: "UNSUPPORTED_PROTOCOL"
        case CURLE_FAILED_INIT: "FAILED_INIT"
        case CURLE_URL_MALFORMAT: "URL_MALFORMAT"
        case CURLE_NOT_BUILT_IN: "NOT_BUILT_IN"
        case CURLE_COULDNT_RESOLVE_PROXY: "COULDNT_RESOLVE_PROXY"
        case CURLE_COULDNT_RESOLVE_HOST: "COULDNT_RESOLVE_HOST"
        case CURLE_COULDNT_CONNECT: "COULDNT_CONNECT"
        case CURLE_WEIRD_SERVER_REPLY: "WEIRD_SERVER_REPLY"
        case CURLE_HTTP2: "HTTP2"
        case CURLE_PARTIAL_FILE: "PARTIAL_FILE"
        case CURLE_WRITE_ERROR: "WRITE_ERROR"
        case CURLE_READ_ERROR: "READ_ERROR"
        case CURLE_OUT_OF_MEMORY: "OUT_OF_MEMORY"
        case CURLE_OPERATION_TIMEDOUT: "OPERATION_TIMEDOUT"
        case CURLE_SSL_CONNECT_ERROR: "SSL_CONNECT_ERROR"
        case CURLE_BAD_FUNCTION_ARGUMENT: "BAD_FUNCTION_ARGUMENT"
        case CURLE_TOO_MANY_REDIRECTS: "TOO_MANY_REDIRECTS"
        case CURLE_UNKNOWN_OPTION: "UNKNOWN_OPTION"
        case CURLE_GOT_NOTHING: "GOT_NOTHING"
        case CURLE_SEND_ERROR: "SEND_ERROR"
        case CURLE_RECV_ERROR: "RECV_ERROR"
        case CURLE_SSL_CERTPROBLEM: "SSL_CERTPROBLEM"
        case CURLE_SSL_CIPHER: "SSL_CIPHER"
        case CURLE_PEER_FAILED_VERIFICATION: "PEER_FAILED_VERIFICATION"
        case CURLE_BAD_CONTENT_ENCODING: "BAD_CONTENT_ENCODING"
        case CURLE_FILESIZE_EXCEEDED: "FILESIZE_EXCEEDED"
        case CURLE_SSL_CACERT_BADFILE: "SSL_CACERT_BADFILE"
        case CURLE_SSL_CLIENTCERT: "SSL_CLIENTCERT"
        case CURLE_RECURSIVE_API_CALL: "RECURSIVE_API_CALL"
        case CURLE_HTTP2_STREAM: "HTTP2_STREAM"
        case CURLE_PROXY: "PROXY"
        case CURLE_UNRECOVERABLE_POLL: "UNRECOVERABLE_POLL"
        default: nil
        }
    return "CURLE_" + (name ?? String(result.rawValue))
}
