/// Compares an aggregate with its row field by field: what bytes cannot tell, because some other producer orders, spaces and
/// spells values in its own way.
///
/// A value by such a producer is held to what the columns' kinds allow: `1` says `true` of a boolean, `"12.50"` and `12.5` are one
/// decimal, `2026-11-22 14:00:00+01:00` and 1795352400000 one moment. Fields that the query does not yield are none of our business,
/// a field that is absent says NULL, and the user id may be left to the record's key. A value that says of itself that Rollcall wrote
/// it is held to exactly what Rollcall writes, as JSON.
public struct FieldComparison: Sendable {
    private let kinds: [String: ColumnKind]
    private let keyField: String?

    /// - Parameters:
    ///   - fields: The columns of the aggregate query's result. Fields that are not among them compare as JSON.
    ///   - keyField: The column that carries the user id.
    public init(_ fields: [RowEncoder.Column] = [], keyField: String? = nil) {
        kinds = Dictionary(fields.map { ($0.name, $0.kind) }) { first, _ in first }
        self.keyField = keyField
    }

    /// The names of the fields in which the two differ, in the order of the row, then those that only the other one has.
    ///
    /// - Parameters:
    ///   - row: The row in canonical form: see ``RowEncoder``.
    ///   - found: The topic's value.
    ///   - isOwn: Whether the value says that Rollcall wrote it.
    /// - Returns: An empty list when both mean the same; nil when one of them is not an object.
    public func differingFields(_ row: [UInt8], _ found: [UInt8], isOwn: Bool) -> [String]? {
        guard let row = (try? JSONValue(parsing: row))?.members, let found = try? JSONValue(parsing: found),
            let foundMembers = found.members
        else { return nil }
        guard isOwn else { return differingFields(row, found) }
        let expected = JSONValue.object(row)
        let changed = row.filter { found[$0.name]?.sorted != $0.value.sorted }
        return (changed + foundMembers.filter { expected[$0.name] == nil }).map(\.name)
    }

    /// The names of the fields of a row that a value by any producer does not say.
    public func differingFields(_ row: [JSONValue.Member], _ found: JSONValue) -> [String] {
        row.filter { field in
            let value = found[field.name]
            if value == nil, field.name == keyField { return false }
            guard let kind = kinds[field.name] else { return value?.sorted != field.value.sorted }
            return !kind.means(field.value, value ?? .null)
        }.map(\.name)
    }
}
