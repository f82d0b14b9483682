import Domain
import HTTP

/// What a response, or its absence, means for the users that were asked for.
enum MappingVerdict {
    /// An answer for each of the users.
    case answered([UserID: MappingAnswer])
    /// The service refuses this request, probably for what it asks: it would do so again.
    case refused(String)
    /// It failed, and may do so because of these users or because of the service.
    case failed(String)
    /// It answered with something that is not a mapping.
    case unreadable(String)
    /// The service is away, busy or does not let us in, which says nothing about the users.
    case unavailable(String, retryAfterMs: Int?)
}

/// Reads responses of the mapping service.
struct MappingReader {
    let settings: MappingSettings

    func verdict(on result: Result<Response, HTTPError>, for users: [UserID], nowMs: Int64) -> MappingVerdict {
        switch result {
        case .success(let response): verdict(on: response, for: users, nowMs)
        case .failure(let error): verdict(on: error)
        }
    }

    private func verdict(on error: HTTPError) -> MappingVerdict {
        switch error.kind {
        // Nobody was asked yet. An untrusted certificate, too, concerns everybody, and ends when it is replaced.
        // So does a redirect to where we may not follow: a login page, say.
        case .resolve, .connect, .tls, .redirect: .unavailable(error.description, retryAfterMs: nil)
        case .timeout, .reset, .truncated, .protocol: .failed(error.description)
        case .tooLarge, .request: .refused(error.description)
        }
    }

    private func verdict(on response: Response, for users: [UserID], _ nowMs: Int64) -> MappingVerdict {
        // Made only where it is said: nearly every response is a success.
        var sentence: String { "\(redactedURL(response.effectiveURL)): status \(response.status)" }
        switch response.status {
        case 204 where !settings.url.isForSeveral, 404 where !settings.url.isForSeveral, 410 where !settings.url.isForSeveral:
            return .answered(Dictionary(users.map { ($0, .notFound) }) { first, _ in first })
        case 200..<300: return answer(response, for: users)
        // 401, 403 and 407 mean our credentials and 408, 425 and 429 our timing; 502 to 504 come from what stands before the
        // service, and so do redirects that lead nowhere. None of them is about the user.
        case 300..<400, 401, 403, 407, 408, 425, 429, 502, 503, 504:
            let retryAfterMs = response.header("Retry-After").flatMap {
                RetryAfter.delayMs($0, date: response.header("Date"), nowMs: nowMs)
            }
            return .unavailable(sentence, retryAfterMs: retryAfterMs.map { min($0, settings.retryAfterMaximumMs) })
        case 500..<600: return .failed(sentence)
        default: return .refused(sentence)
        }
    }

    private func answer(_ response: Response, for users: [UserID]) -> MappingVerdict {
        do {
            let value = try JSONValue(parsing: response.body)
            let values = settings.url.isForSeveral ? try byUser(value) : users.first.map { [$0: value] } ?? [:]
            var answers: [UserID: MappingAnswer] = [:]
            answers.reserveCapacity(users.count)
            for user in users {
                if let mapping = values[user], !mapping.isNull {
                    answers[user] = .found(mapping.sorted.bytes)
                } else {
                    answers[user] = .notFound
                }
            }
            return .answered(answers)
        } catch {
            return .unreadable("\(redactedURL(response.effectiveURL)): the answer cannot be read: \(error)")
        }
    }

    /// The mappings in an answer to several users.
    private func byUser(_ value: JSONValue) throws(UnreadableAnswer) -> [UserID: JSONValue] {
        var values: [UserID: JSONValue] = [:]
        switch settings.batchAnswer {
        case .objectByUser:
            guard let members = value.members else { throw UnreadableAnswer("it is not an object by user id") }
            values.reserveCapacity(members.count)
            for member in members { values[UserID(member.name)] = member.value }
        case .array(let idField):
            guard case .array(let elements) = value else { throw UnreadableAnswer("it is not an array") }
            for element in elements {
                let user: UserID
                switch element[idField] {
                case .string(let text), .number(let text): user = UserID(text)
                default: throw UnreadableAnswer("an element has no user id in its field `\(idField)`")
                }
                guard values.updateValue(element, forKey: user) == nil else {
                    throw UnreadableAnswer("it holds the user \(user) twice")
                }
            }
        }
        return values
    }
}

/// JSON, but not an answer.
private struct UnreadableAnswer: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
