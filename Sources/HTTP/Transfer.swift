import CCurl

/// One easy handle, and what its current request has brought so far.
///
/// libcurl's callbacks get the transfer's address. That is sound because the client keeps every transfer that is
/// inside the multi handle in `Client.running`, and callbacks only come from within `curl_multi_perform`.
final class Transfer {
    let handle: UnsafeMutableRawPointer
    /// libcurl writes its own sentence about a failure here; it must outlive the handle.
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var headerList: UnsafeMutablePointer<curl_slist>?

    /// The caller's number of the request.
    private(set) var id = 0
    /// The request of the current hop: after a redirect, not the one that the caller gave.
    private(set) var request = Request(url: "")
    private(set) var redirects = 0
    /// The time that earlier hops took, in milliseconds.
    private var earlierHopsMs = 0

    private var headers: [Header] = []
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var maxBodyBytes = 0
    private(set) var isTooLarge = false

    /// No sane response has more; libcurl before 8.3 would collect headers without end.
    static let maxHeaderBytes = 256 << 10

    init?() {
        guard let handle = curl_easy_init() else {
            errorBuffer.deallocate()
            return nil
        }
        self.handle = handle
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
        errorBuffer.deallocate()
    }

    /// Makes the handle ready for a request of the caller.
    func begin(_ request: Request, id: Int, configuration: Configuration) -> HTTPError? {
        self.id = id
        redirects = 0
        earlierHopsMs = 0
        return prepare(request, configuration)
    }

    /// Makes the handle ready for the next hop of the same request.
    func follow(to url: String, status: Int, configuration: Configuration) -> HTTPError? {
        redirects += 1
        earlierHopsMs = totalTimeMs
        return prepare(request.redirected(to: url, status: status), configuration)
    }

    /// Forgets the request, but not the memory that the next one can use again.
    func forget() {
        curl_easy_reset(handle)
        curl_slist_free_all(headerList)
        headerList = nil
        body = []
        headers = []
    }

    // MARK: Setting up

    private func prepare(_ request: Request, _ configuration: Configuration) -> HTTPError? {
        forget()
        self.request = request
        headerBytes = 0
        isTooLarge = false
        maxBodyBytes = configuration.maxResponseBytes
        errorBuffer.pointee = 0
        if let defect = request.defect {
            return HTTPError(kind: .request, code: CURLE_BAD_FUNCTION_ARGUMENT, defect, request: request)
        }
        var options = Options(handle)
        setConnection(&options, configuration)
        setRequest(&options, configuration)
        setCallbacks(&options)
        guard options.failure == CURLE_OK else {
            return HTTPError(result: options.failure, detail: "", systemError: 0, request: request)
        }
        return nil
    }

    private func setConnection(_ options: inout Options, _ configuration: Configuration) {
        // Signals would interrupt whichever thread they hit. libcurl then leaves SIGPIPE alone, too, and does not
        // need it: it sends with MSG_NOSIGNAL.
        options.set(CURLOPT_NOSIGNAL, true)
        options.set(CURLOPT_PROTOCOLS_STR, "http,https")
        options.set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        options.set(CURLOPT_FOLLOWLOCATION, false)
        options.set(CURLOPT_CONNECTTIMEOUT_MS, max(1, configuration.connectTimeoutMs))
        options.set(CURLOPT_TIMEOUT_MS, max(1, configuration.totalTimeoutMs - earlierHopsMs))
        // A cancelled or timed-out transfer would otherwise wait for a name lookup that hangs; libcurl detaches the
        // lookup's thread, which frees what it holds when it ends.
        options.set(CURLOPT_QUICK_EXIT, true)
        options.set(CURLOPT_TCP_KEEPALIVE, true)
        // HTTP/2 where the TLS handshake offers it. Then wait for the first connection to say so, and share it.
        options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        options.set(CURLOPT_PIPEWAIT, request.url.lowercased().hasPrefix("https:"))
        options.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let caFile = configuration.caFile { options.set(CURLOPT_CAINFO, caFile) }
        switch configuration.proxy {
        case .none: options.set(CURLOPT_PROXY, "")
        case .environment: break
        case .url(let url): options.set(CURLOPT_PROXY, url)
        }
        options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, true)
    }

    private func setRequest(_ options: inout Options, _ configuration: Configuration) {
        options.set(CURLOPT_URL, request.url)
        // A segment such as ".." is part of somebody's user id, not a way up.
        options.set(CURLOPT_PATH_AS_IS, true)
        options.set(CURLOPT_USERAGENT, configuration.userAgent)
        // The empty string stands for every encoding that this libcurl can undo.
        options.set(CURLOPT_ACCEPT_ENCODING, "")
        if request.method != .head {
            options.set(CURLOPT_MAXFILESIZE_LARGE, offset: configuration.maxResponseBytes)
        }
        if let body = request.body ?? (request.method.expectsBody ? [] : nil) {
            options.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: body.count)
            body.withUnsafeBytes { bytes in
                // An empty array may have no address, and a null pointer would mean "read the body from a callback".
                withUnsafePointer(to: UInt8(0)) { nothing in
                    let start = bytes.baseAddress ?? UnsafeRawPointer(nothing)
                    options.set(CURLOPT_COPYPOSTFIELDS, pointer: UnsafeMutableRawPointer(mutating: start))
                }
            }
            options.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        } else if request.method == .head {
            options.set(CURLOPT_NOBODY, true)
        } else if request.method != .get {
            options.set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        setHeaders(&options, configuration)
    }

    private func setHeaders(_ options: inout Options, _ configuration: Configuration) {
        var lines = (configuration.headers + request.headers).map { header in
            // libcurl's spelling of a header with an empty value; "Name:" would remove the header.
            header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
        }
        if let token = configuration.bearerToken { lines.append("Authorization: Bearer \(token)") }
        // Large bodies would otherwise wait a second for a "100 Continue" that few servers send.
        if request.body != nil { lines.append("Expect:") }
        for line in lines {
            guard let longer = curl_slist_append(headerList, line) else { continue }
            headerList = longer
        }
        if headerList != nil { options.set(CURLOPT_HTTPHEADER, list: headerList) }
    }

    private func setCallbacks(_ options: inout Options) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        options.set(CURLOPT_ERRORBUFFER, pointer: UnsafeMutableRawPointer(errorBuffer))
        options.set(CURLOPT_WRITEDATA, pointer: context)
        options.set(CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            Transfer.receive(bytes, size * count, context) { $0.appendBody($1) }
        }
        options.set(CURLOPT_HEADERDATA, pointer: context)
        options.set(CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            Transfer.receive(bytes, size * count, context) { $0.appendHeaderLine($1) }
        }
    }

    // MARK: Receiving

    /// The common part of both callbacks. Any other return value than `count` makes libcurl abort the transfer.
    private static func receive(
        _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
        _ take: (Transfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard count > 0, let bytes, let context else { return count }
        let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        return take(transfer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
    }

    private func appendBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= maxBodyBytes else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    private func appendHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Transfer.maxHeaderBytes else {
            isTooLarge = true
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A status line: what came before belonged to an interim response such as 103.
            headers = []
        } else if let colon = line.firstIndex(of: ":") {
            headers.append(Header(String(line[..<colon]), line[line.index(after: colon)...].trimmed))
        }
        return true
    }

    // MARK: Reading the result

    /// libcurl's sentence about the failure; empty if it has none.
    var detail: String { String(cString: errorBuffer) }

    var systemError: Int { long(CURLINFO_OS_ERRNO) }

    /// The time of all hops so far, in milliseconds.
    var totalTimeMs: Int {
        var microseconds: curl_off_t = 0
        _ = ccurl_get_offset(handle, CURLINFO_TOTAL_TIME_T, &microseconds)
        return earlierHopsMs + Int(microseconds) / 1000
    }

    var status: Int { long(CURLINFO_RESPONSE_CODE) }

    /// Where a 3xx response points, as an absolute URL; nil if it points nowhere.
    var redirectURL: String? {
        [301, 302, 303, 307, 308].contains(status) ? string(CURLINFO_REDIRECT_URL) : nil
    }

    /// The response, which takes the body out of the transfer.
    func takeResponse() -> Response {
        let response = Response(
            status: status, headers: headers, body: body,
            effectiveURL: string(CURLINFO_EFFECTIVE_URL) ?? request.url, totalTimeMs: totalTimeMs)
        body = []
        headers = []
        return response
    }

    private func long(_ info: CURLINFO) -> Int {
        var value = 0
        return ccurl_get_long(handle, info, &value) == CURLE_OK ? value : 0
    }

    private func string(_ info: CURLINFO) -> String? {
        var value: UnsafePointer<CChar>?
        guard ccurl_get_string(handle, info, &value) == CURLE_OK, let value else { return nil }
        return String(cString: value)
    }
}

extension Request {
    /// The request that follows a redirect, as RFC 9110 section 15.4 has it: 307 and 308 repeat the request, the
    /// others turn everything but HEAD into GET.
    func redirected(to url: String, status: Int) -> Request {
        var next = self
        next.url = url
        if status != 307 && status != 308 && method != .head {
            next.method = .get
            next.body = nil
        }
        return next
    }
}

extension Substring {
    /// Without the white space around it that HTTP allows.
    fileprivate var trimmed: String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
        let start = drop(while: isSpace)
        guard let last = start.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(start[...last])
    }
}
