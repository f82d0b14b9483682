import CCurl

/// `text` as one piece of a URL: a path segment or a query value.
///
/// Every byte of its UTF-8 form is percent-encoded, except the unreserved characters of RFC 3986 section 2.3. The
/// texts `.` and `..` are encoded as a whole: as path segments they would otherwise name another resource.
public func percentEncoded(_ text: String) -> String {
    if text == "." || text == ".." { return text == "." ? "%2E" : "%2E%2E" }
    let hexDigits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            encoded.append(byte)
        default:
            encoded.append(UInt8(ascii: "%"))
            encoded.append(hexDigits[Int(byte >> 4)])
            encoded.append(hexDigits[Int(byte & 0x0F)])
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}

/// `url` as it may be logged: without user name and password, without fragment, and with every query value as `…`.
public func redactedURL(_ url: String) -> String {
    var rest = url[...]
    var result = ""
    if let scheme = rest.firstRange(of: "://") {
        result += rest[..<scheme.upperBound]
        rest = rest[scheme.upperBound...]
    }
    rest = rest.prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    if let at = authority.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
    guard let mark = rest.firstIndex(of: "?") else { return result + rest }
    let names = rest[rest.index(after: mark)...].split(separator: "&").map { pair in
        pair.contains("=") ? pair.prefix { $0 != "=" } + "=…" : "…"
    }
    return result + rest[..<mark] + "?" + names.joined(separator: "&")
}

/// Whether `url` begins with `http://` or `https://`, in any case. libcurl would guess where it does not.
func hasHTTPScheme(_ url: String) -> Bool {
    let head = url.prefix(8).lowercased()
    return head.hasPrefix("http://") || head == "https://"
}

/// The scheme, host and port that a URL leads to, as libcurl itself reads them: the unit within which redirects are
/// followed, so that a bearer token never reaches another server.
struct Origin: Equatable {
    var scheme: String
    var host: String
    var port: String

    /// Nil if libcurl cannot parse `url`.
    init?(_ url: String) {
        guard let parsed = curl_url() else { return nil }
        defer { curl_url_cleanup(parsed) }
        guard curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
        func part(_ part: CURLUPart, flags: Int32 = 0) -> String? {
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parsed, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text).lowercased()
        }
        guard let scheme = part(CURLUPART_SCHEME), let host = part(CURLUPART_HOST),
            let port = part(CURLUPART_PORT, flags: CURLU_DEFAULT_PORT)
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port
    }
}
