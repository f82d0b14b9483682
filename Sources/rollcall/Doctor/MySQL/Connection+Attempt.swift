import MySQL

extension Connection {
    /// What a statement yields, or why the server refuses it, which is an answer too.
    ///
    /// - Throws: `MySQLError` when the connection is lost.
    func attempt(_ sql: String) throws -> Result<ResultSet, MySQLError> {
        do {
            return .success(try query(sql))
        } catch {
            guard !error.isConnectionLost else { throw error }
            return .failure(error)
        }
    }
}

extension ResultSet {
    /// The first column of all rows.
    var firstColumn: [String] { (0..<rowCount).compactMap { text($0, 0) } }
}
