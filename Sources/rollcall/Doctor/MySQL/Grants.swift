/// What an account may do, read from the lines of `SHOW GRANTS`.
struct Grants: Sendable {
    struct Grant: Sendable, Equatable {
        /// In capitals; `ALL PRIVILEGES` stands for every one.
        var privileges: Set<String>
        /// `*`, or a name or pattern.
        var database: String
        var table: String
    }

    var grants: [Grant] = []
    /// Whether the account has roles, whose privileges the lines do not tell.
    var hasRoles = false

    init(_ lines: [String]) {
        for line in lines {
            if let grant = Grant(line) {
                grants.append(grant)
            } else if line.uppercased().hasPrefix("GRANT ") {
                hasRoles = true
            }
        }
    }

    /// Whether one of these privileges, which are names of the same thing, is granted for everything.
    func allowsEverywhere(_ names: String...) -> Bool {
        grants.contains { $0.database == "*" && $0.holds(names) }
    }

    /// Whether a privilege is granted on a table, in whatever scope.
    func allows(_ privilege: String, on table: CapturedTable) -> Bool {
        grants.contains { grant in
            grant.holds([privilege]) && (grant.database == "*" || Self.like(table.database, grant.database))
                && (grant.table == "*" || grant.table == table.table)
        }
    }

    /// SQL's LIKE, which database names in grants are compared by: `_` is any character, `%` any number of them.
    static func like(_ text: String, _ pattern: String) -> Bool {
        func matches(_ text: Substring, _ pattern: Substring) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            let rest = pattern.dropFirst()
            switch first {
            case "%": return matches(text, rest) || (!text.isEmpty && matches(text.dropFirst(), pattern))
            case "_": return !text.isEmpty && matches(text.dropFirst(), rest)
            case "\\": return text.first == rest.first && matches(text.dropFirst(), rest.dropFirst())
            default: return text.first == first && matches(text.dropFirst(), rest)
            }
        }
        return matches(text[...], pattern[...])
    }
}

extension Grants.Grant {
    /// ``GRANT SELECT, INSERT (a, b) ON `db`.`table` TO …``; nil for a role, which has no ON.
    init?(_ line: String) {
        let words = line.uppercased()
        guard words.hasPrefix("GRANT "), let on = words.range(of: " ON "), let to = words[on.upperBound...].range(of: " TO ")
        else { return nil }
        let list = words[words.index(words.startIndex, offsetBy: 6)..<on.lowerBound]
        // Counted in characters: capitals of the same text may be other bytes.
        let scope = line.dropFirst(words.distance(from: words.startIndex, to: on.upperBound))
            .prefix(words.distance(from: on.upperBound, to: to.lowerBound))
        let parts = scope.replacing("`", with: "").replacing("\"", with: "").split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { return nil }
        self.init(privileges: Set(Self.split(list)), database: parts[0], table: parts[1])
    }

    func holds(_ names: [String]) -> Bool {
        privileges.contains("ALL PRIVILEGES") || privileges.contains("ALL") || names.contains(where: privileges.contains)
    }

    /// The names in the list. A privilege on single columns is none on the table, and is left out.
    private static func split(_ list: Substring) -> [String] {
        var names: [String] = []
        var name = ""
        var depth = 0
        var isOnColumns = false
        for character in list + "," {
            switch character {
            case "(":
                depth += 1
                isOnColumns = true
            case ")": depth -= 1
            case "," where depth == 0:
                let trimmed = name.split(separator: " ").joined(separator: " ")
                if !isOnColumns, !trimmed.isEmpty { names.append(trimmed) }
                name = ""
                isOnColumns = false
            default: if depth == 0 { name.append(character) }
            }
        }
        return names
    }
}
