/// Which table each field of an aggregate comes from. It is where the value lies, and mostly the table whose change did not arrive; in a
/// query that looks a row up by another one's column, that other row may be the one that changed.
struct FieldOrigins {
    private let tableOf: [String: String]
    /// Where there is only one table, to name it says nothing.
    private let isTelling: Bool

    /// - Parameter tableOf: The tables of the aggregate query's columns; see `SourcePort.tables()`.
    init(_ tableOf: [String: String]) {
        self.tableOf = tableOf
        isTelling = Set(tableOf.values).count > 1
    }

    /// The tables of these fields, each once and in order; nothing where one of them is of unknown origin, because the change may
    /// have been to any table then.
    func tables(of fields: [String]) -> [String] {
        guard isTelling else { return [] }
        let known = fields.compactMap { tableOf[$0] }
        return known.count == fields.count ? Set(known).sorted() : []
    }
}
