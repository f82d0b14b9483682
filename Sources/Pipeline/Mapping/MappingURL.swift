import Domain
import HTTP

/// The URL of the mapping service with a place for the user, or for several.
public struct MappingURL: Sendable, Equatable {
    /// The text that stands for one user.
    public static let userPlaceholder = "{user_id}"
    /// The text that stands for several users.
    public static let usersPlaceholder = "{user_ids}"
    /// Longer URLs are refused by common servers and proxies; a batch is cut so that it stays below.
    static let maxBytes = 7_000

    /// Whether one request asks for several users.
    public let isForSeveral: Bool
    /// What stands between two user ids.
    public let separator: String
    private let head: String
    private let tail: String

    /// - Parameters:
    ///   - template: An absolute http or https URL with either placeholder, once.
    ///   - separator: What stands between two user ids, as it is to appear in the URL: a comma, or `&id=` to repeat a parameter.
    /// - Throws: ``MappingURLError``.
    public init(_ template: String, separator: String = ",") throws(MappingURLError) {
        let lowercased = template.prefix(8).lowercased()
        guard lowercased.hasPrefix("http://") || lowercased == "https://" else {
            throw MappingURLError(template: template, reason: "it must begin with http:// or https://")
        }
        let parts = template.split(separator: Self.userPlaceholder, omittingEmptySubsequences: false)
        let manyParts = template.split(separator: Self.usersPlaceholder, omittingEmptySubsequences: false)
        guard parts.count + manyParts.count == 3 else {
            throw MappingURLError(
                template: template,
                reason: "exactly one of \(Self.userPlaceholder) and \(Self.usersPlaceholder) must appear, once")
        }
        isForSeveral = manyParts.count == 2
        let halves = isForSeveral ? manyParts : parts
        head = String(halves[0])
        tail = String(halves[1])
        guard !head.dropFirst(lowercased.hasPrefix("https") ? 8 : 7).prefix(while: { $0 != "?" && $0 != "#" }).isEmpty,
            head.dropFirst(8).contains(where: { $0 == "/" || $0 == "?" }), !head.contains("#")
        else {
            throw MappingURLError(template: template, reason: "the user may only appear in the path or the query")
        }
        self.separator = separator
    }

    /// The URL for these users.
    func url(for users: some Sequence<UserID>) -> String {
        head + users.map { percentEncoded($0.text) }.joined(separator: separator) + tail
    }

    /// The users, in groups for which one request each is sent.
    func groups(of users: [UserID], maxUsers: Int) -> [[UserID]] {
        guard isForSeveral else { return users.map { [$0] } }
        var groups: [[UserID]] = []
        var bytes = 0
        for user in users {
            let userBytes = percentEncoded(user.text).utf8.count + separator.utf8.count
            if var last = groups.popLast() {
                if last.count < max(1, maxUsers), bytes + userBytes <= Self.maxBytes {
                    last.append(user)
                    groups.append(last)
                    bytes += userBytes
                    continue
                }
                groups.append(last)
            }
            groups.append([user])
            bytes = head.utf8.count + tail.utf8.count + userBytes
        }
        return groups
    }
}

/// A URL of the mapping service that cannot be used.
public struct MappingURLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The offending text, without credentials and query values.
    public let shownTemplate: String
    /// What is wrong with it.
    public let reason: String

    init(template: String, reason: String) {
        shownTemplate = redactedURL(template)
        self.reason = reason
    }

    /// The URL and what is wrong with it.
    public var description: String { "the mapping service's URL `\(shownTemplate)` cannot be used: \(reason)" }
}
