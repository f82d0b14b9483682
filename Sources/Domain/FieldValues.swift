/// What row and topic say of one field. These are values of a person's row: they are carried only where somebody asked to see
/// them, and that is written down.
public struct FieldValues: Sendable, Equatable {
    /// The field.
    public var name: String
    /// The row's value; nil where the row has no such field.
    public var source: JSONValue?
    /// The topic's value; nil where it has no such field.
    public var topic: JSONValue?

    public init(name: String, source: JSONValue?, topic: JSONValue?) {
        self.name = name
        self.source = source
        self.topic = topic
    }

    /// The values of fields in a row and in a topic's value.
    ///
    /// - Parameters:
    ///   - names: Which fields, such as those that differ.
    ///   - row: The row in canonical form.
    ///   - found: The topic's value.
    /// - Returns: Empty where one of the two is no JSON object.
    public static func of(_ names: [String], row: [UInt8], found: [UInt8]) -> [FieldValues] {
        guard let row = try? JSONValue(parsing: row), let found = try? JSONValue(parsing: found), row.members != nil,
            found.members != nil
        else { return [] }
        return names.map { FieldValues(name: $0, source: row[$0], topic: found[$0]) }
    }
}
