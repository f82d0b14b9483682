/// One row of a streamed result, in the client library's own memory.
///
/// It is lent to the closure of ``Connection/stream(_:row:)`` and cannot be copied out of it: the next row overwrites the memory.
/// Values are lent in turn as `RawSpan`, which the compiler confines to the closure. (A method that *returns* a `RawSpan` would read
/// better, but the lifetime annotation that it needs is still an experimental feature of the language.)
public struct RowView: ~Copyable {
    /// The columns of the result.
    public let columns: [Column]
    @usableFromInline let cells: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    @usableFromInline let lengths: UnsafeMutablePointer<UInt>
    /// The number of columns.
    public let count: Int

    init(
        columns: [Column], cells: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>, lengths: UnsafeMutablePointer<UInt>
    ) {
        self.columns = columns
        self.cells = cells
        self.lengths = lengths
        count = columns.count
    }

    /// Whether the value is NULL.
    @inlinable
    public func isNull(_ column: Int) -> Bool {
        precondition(column >= 0 && column < count, "a row has no such column")
        return cells[column] == nil
    }

    /// Lends the bytes of one value, without copying them.
    ///
    /// - Returns: What `body` returns; `nil`, without calling it, if the value is NULL.
    @inlinable
    @discardableResult
    public func withBytes<Result, Failure: Error>(
        _ column: Int, _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        precondition(column >= 0 && column < count, "a row has no such column")
        guard let cell = cells[column] else { return nil }
        return try body(UnsafeRawBufferPointer(start: cell, count: Int(lengths[column])).bytes)
    }

    /// Appends the bytes of one value to `buffer`.
    ///
    /// - Returns: `false`, with nothing appended, if the value is NULL.
    @inlinable
    public func append(_ column: Int, to buffer: inout [UInt8]) -> Bool {
        precondition(column >= 0 && column < count, "a row has no such column")
        guard let cell = cells[column] else { return false }
        buffer.append(contentsOf: UnsafeRawBufferPointer(start: cell, count: Int(lengths[column])))
        return true
    }

    /// A copy of one value; `nil` if it is NULL.
    public func bytes(_ column: Int) -> [UInt8]? {
        var copy: [UInt8] = []
        return append(column, to: &copy) ? copy : nil
    }

    /// One value as text; `nil` if it is NULL. Bytes that are no UTF-8 are replaced by U+FFFD.
    public func text(_ column: Int) -> String? {
        bytes(column).map { String(decoding: $0, as: UTF8.self) }
    }
}
