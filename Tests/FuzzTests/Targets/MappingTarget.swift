import Domain
import HTTP

@testable import Pipeline

extension FuzzTarget {
    /// Parts: status, layout and body of an answer, `Retry-After`, `Date`, a URL template, a separator.
    ///
    /// Whatever the mapping service answers, everyone who was asked for has an answer, or the answer has a meaning as a whole; and a
    /// mapping that was found is JSON.
    static let mapping = FuzzTarget(name: "mapping") { bytes in
        var input = FuzzInput(bytes)
        let status = 100 + Int(input.nextNumber() % 500)
        let layout = input.nextNumber()
        let body = input.next()
        let headers = [Header("Retry-After", input.nextText()), Header("Date", input.nextText())]
        let users = ["1", "42", "a/b", "é"].map { UserID($0) }
        var settings = MappingSettings(
            url: try MappingURL(layout % 3 == 0 ? "http://m/{user_id}" : "http://m/?ids={user_ids}"))
        settings.batchAnswer = layout % 3 == 1 ? .objectByUser : .array(idField: "id")
        let asked = settings.url.isForSeveral ? users : [users[1]]
        let response = Response(status: status, headers: headers, body: body, effectiveURL: "http://m/", totalTimeMs: 1)
        switch MappingReader(settings: settings).verdict(on: .success(response), for: asked, nowMs: 1_795_334_400_000) {
        case .answered(let answers):
            try demand(Set(answers.keys) == Set(asked), "not everyone has an answer: \(answers.keys)")
            for case .found(let mapping) in answers.values {
                try demand(ReferenceJSON(mapping) != nil, "a mapping is no JSON: \(shown(mapping))")
                try demand(ReferenceJSON(body) != nil, "a mapping was found in what is no JSON: \(shown(body))")
            }
        case .unavailable(let sentence, let retryAfterMs):
            try demand(!sentence.isEmpty && (retryAfterMs ?? 0) >= 0, "wait \(retryAfterMs ?? 0) ms")
            try demand(retryAfterMs ?? 0 <= settings.retryAfterMaximumMs, "wait \(retryAfterMs ?? 0) ms")
        case .refused(let sentence), .failed(let sentence), .unreadable(let sentence):
            try demand(!sentence.isEmpty, "no sentence")
        }
        try groups(of: users, template: input.nextText(), separator: input.nextText())
    }

    /// Every user is asked for once, whatever the URL looks like.
    private static func groups(of users: [UserID], template: String, separator: String) throws {
        guard let url = try? MappingURL(template, separator: separator) else { return }
        let groups = url.groups(of: users, maxUsers: 3)
        try demand(groups.flatMap { $0 } == users, "\(groups)")
        try demand(groups.allSatisfy { (1...3).contains($0.count) }, "\(groups)")
        for group in groups {
            let text = url.url(for: group)
            let isLeft = [MappingURL.userPlaceholder, MappingURL.usersPlaceholder].contains { text.contains($0) }
            try demand(!isLeft || separator.contains("{"), "a placeholder is left in \(text)")
        }
    }
}
