/// A LIMIT would cut off users, because one query serves many of them.
enum LimitCheck {
    private static let precondition = Precondition(
        "query.limit", why: "One query reads a whole batch of users; a LIMIT on it drops some of them, who then count as deleted."
    )

    static func judge(_ tokens: [SQLToken]) -> Check? {
        var depth = 0
        for token in tokens {
            if token == .symbol("(") { depth += 1 }
            if token == .symbol(")") { depth -= 1 }
            if depth == 0, token.is("LIMIT") || token.is("FETCH") {
                return precondition.failure("the query has a LIMIT of its own", mend: "remove it from source.query")
            }
        }
        return nil
    }
}
