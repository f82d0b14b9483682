import Domain
import HTTP

/// Sends a message to an address, a few times at most.
struct Webhook {
    let url: String
    let token: String?
    /// Milliseconds between the attempts; there is one attempt more than pauses. In all it takes less than a minute.
    var pauses = [1_000, 5_000]
    var timeoutMs = 10_000

    init(url: String, token: String?) {
        self.url = url
        self.token = token
    }

    static func isAddress(_ text: String) -> Bool {
        let lowercased = text.lowercased()
        return (lowercased.hasPrefix("http://") && text.count > 7) || (lowercased.hasPrefix("https://") && text.count > 8)
    }

    /// - Throws: ``CommandError``, which names the host alone: with many services the path is the secret.
    func send(_ body: JSONValue) throws(CommandError) {
        var configuration = HTTP.Configuration()
        configuration.connectTimeoutMs = timeoutMs / 2
        configuration.totalTimeoutMs = timeoutMs
        configuration.maxResponseBytes = 1 << 20
        configuration.bearerToken = token
        configuration.proxy = .environment
        configuration.userAgent = "rollcall/\(Versions.rollcall)"
        let request = Request(url: url, method: .post, headers: [Header("Content-Type", "application/json")], body: body.bytes)
        var attempt = 0
        while true {
            let (problem, mayRetry) = attemptOnce(request, configuration)
            guard let problem else { return }
            guard mayRetry, attempt < pauses.count, !StopSignals.isStopRequested else {
                throw CommandError(
                    "\(host): \(problem), after \(attempt + 1) of \(pauses.count + 1) attempts; the next run tries again")
            }
            try? Pause.sleep(milliseconds: pauses[attempt])
            attempt += 1
        }
    }

    /// What went wrong, and whether it may go well later; nil where nothing did.
    private func attemptOnce(_ request: Request, _ configuration: HTTP.Configuration) -> (problem: String?, mayRetry: Bool) {
        do {
            let response = try Client(configuration).perform(request)
            if (200..<300).contains(response.status) { return (nil, false) }
            return ("answered \(response.status)", response.status >= 500 || response.status == 429 || response.status == 408)
        } catch let error as HTTPError {
            return (error.code, error.isRetriable)
        } catch {
            return ("no answer", true)
        }
    }

    private var host: String {
        let scheme = url.prefix { $0 != ":" }
        let authority = url.dropFirst(scheme.count + 3).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return "\(scheme)://\(authority.split(separator: "@").last ?? "")"
    }
}
