/// The query has to yield the same row for the same data, whenever and wherever it runs.
enum VolatileFunctionCheck {
    private static let precondition = Precondition(
        "query.deterministic",
        why: "A row that depends on the time, on chance or on the session differs from the one on the topic although nothing "
            + "changed: `verify` would call it stale, and a repair would not help.")

    /// Called with parentheses.
    private static let functions: Set<String> = [
        "NOW", "SYSDATE", "CURDATE", "CURTIME", "RAND", "UUID", "UUID_SHORT", "SYS_GUID", "SLEEP", "BENCHMARK", "CONNECTION_ID",
        "USER",
        "SESSION_USER", "SYSTEM_USER", "LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS", "GET_LOCK", "RELEASE_LOCK", "IS_FREE_LOCK",
        "RANDOM_BYTES", "LASTVAL", "NEXTVAL", "PS_CURRENT_THREAD_ID",
    ]

    /// Reserved words that need none.
    private static let words: Set<String> = [
        "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "UTC_DATE", "UTC_TIME",
        "UTC_TIMESTAMP",
        "CURRENT_USER", "CURRENT_ROLE",
    ]

    /// Functions whose result depends on the order in which rows are met, unless they are told an order.
    private static let aggregates: Set<String> = ["GROUP_CONCAT", "JSON_ARRAYAGG"]

    static func judge(_ tokens: [SQLToken]) -> Check {
        let volatile = unique(volatileNames(tokens))
        if !volatile.isEmpty {
            return precondition.failure(
                "the query calls \(volatile.joined(separator: ", "))",
                mend: "take it out of source.query, and let the reader of the God object compute it")
        }
        let unordered = unique(unorderedAggregates(tokens))
        if !unordered.isEmpty {
            return precondition.warning(
                "\(unordered.joined(separator: ", ")) takes its rows in no particular order",
                mend: "GROUP_CONCAT(x ORDER BY y) in source.query")
        }
        return precondition.ok("the query depends on nothing but the data")
    }

    private static func volatileNames(_ tokens: [SQLToken]) -> [String] {
        tokens.indices.compactMap { index in
            switch tokens[index] {
            case .variable(let name): return name
            case .word(let word):
                // After a dot it is a column of that name.
                if index > 0, tokens[index - 1] == .symbol(".") { return nil }
                let name = word.uppercased()
                if words.contains(name) { return name }
                guard isSymbol(tokens, index + 1, "(") else { return nil }
                if functions.contains(name) { return name + "()" }
                // With an argument it only converts.
                return name == "UNIX_TIMESTAMP" && isSymbol(tokens, index + 2, ")") ? name + "()" : nil
            default: return nil
            }
        }
    }

    private static func unorderedAggregates(_ tokens: [SQLToken]) -> [String] {
        tokens.indices.compactMap { index in
            guard case .word(let word) = tokens[index], aggregates.contains(word.uppercased()), isSymbol(tokens, index + 1, "(")
            else { return nil }
            var depth = 0
            for token in tokens[(index + 1)...] {
                if token == .symbol("(") { depth += 1 }
                if token == .symbol(")") { depth -= 1 }
                if depth == 0 { break }
                if depth == 1, token.is("ORDER") { return nil }
            }
            return word.uppercased() + "()"
        }
    }

    private static func isSymbol(_ tokens: [SQLToken], _ index: Int, _ symbol: Character) -> Bool {
        tokens.indices.contains(index) && tokens[index] == .symbol(symbol)
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
