/// All rows of a query, in memory.
public struct ResultSet: Sendable {
    /// The columns, also if there are no rows.
    public private(set) var columns: [Column]
    /// The values of all rows one after the other; `ends` says where each one ends.
    private var storage: [UInt8] = []
    private var ends: [Int] = []
    /// Which values are NULL; a NULL takes no bytes, nor does an empty text.
    private var nulls: [Bool] = []

    init(columns: [Column]) {
        self.columns = columns
    }

    /// The number of rows.
    public var rowCount: Int { columns.isEmpty ? 0 : ends.count / columns.count }

    /// Whether there is no row.
    public var isEmpty: Bool { ends.isEmpty }

    /// One value; `nil` if it is NULL.
    public func bytes(_ row: Int, _ column: Int) -> [UInt8]? {
        range(row, column).map { Array(storage[$0]) }
    }

    /// One value as text; `nil` if it is NULL. Bytes that are no UTF-8 are replaced by U+FFFD.
    public func text(_ row: Int, _ column: Int) -> String? {
        range(row, column).map { String(decoding: storage[$0], as: UTF8.self) }
    }

    /// One value as text, by the column's name in the result; `nil` if it is NULL or there is no such column.
    public func text(_ row: Int, _ column: String) -> String? {
        columns.firstIndex { $0.name == column }.flatMap { text(row, $0) }
    }

    /// One value as an integer; `nil` if it is NULL, no integer, or does not fit.
    public func integer(_ row: Int, _ column: Int) -> Int? {
        text(row, column).flatMap { Int($0) }
    }

    /// Lends the bytes of one value, without copying them.
    ///
    /// - Returns: What `body` returns; `nil`, without calling it, if the value is NULL.
    @discardableResult
    public func withBytes<Result, Failure: Error>(
        _ row: Int, _ column: Int, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard let range = range(row, column) else { return nil }
        return try body(storage.span.bytes.extracting(range))
    }

    /// One row as values, NULL as `nil`.
    public func row(_ row: Int) -> [[UInt8]?] {
        columns.indices.map { bytes(row, $0) }
    }

    /// All rows as values, NULL as `nil`; for small results.
    public var rows: [[[UInt8]?]] { (0..<rowCount).map(row) }

    /// All rows as text, NULL as `nil`; for small results.
    public var textRows: [[String?]] { (0..<rowCount).map { row in columns.indices.map { text(row, $0) } } }

    mutating func append(_ row: borrowing RowView) {
        for column in 0..<row.count {
            nulls.append(!row.append(column, to: &storage))
            ends.append(storage.count)
        }
    }

    private func range(_ row: Int, _ column: Int) -> Range<Int>? {
        precondition(columns.indices.contains(column), "a result has no such column")
        let cell = row * columns.count + column
        return nulls[cell] ? nil : (cell == 0 ? 0 : ends[cell - 1])..<ends[cell]
    }
}
