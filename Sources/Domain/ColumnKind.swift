/// How a column's values are written in an aggregate. The raw values are the words of the settings.
public enum ColumnKind: String, Sendable, CaseIterable {
    /// A signed integer: a JSON number.
    case integer
    /// An unsigned integer: a JSON number.
    case unsigned
    /// A fixed-point number: a JSON string, because most readers of JSON numbers would round it.
    case decimal
    /// A number of single precision, in the form of RFC 8785.
    case float
    /// A number of double precision, in the form of RFC 8785.
    case double
    /// `0` and `1`, also of BIT(1): JSON's `false` and `true`. Any other number stays a number, so that no two values become one.
    case boolean
    /// Text, also of ENUM and SET: a JSON string.
    case string
    /// Binary strings: a JSON string in Base64 (RFC 4648, with padding).
    case bytes
    /// A date, as MySQL prints it.
    case date
    /// A time of day or a duration, as MySQL prints it.
    case time
    /// A date and time without a zone, in ISO 8601 form.
    case datetime
    /// A moment, in ISO 8601 form with `Z`: connections pin the session's time zone to UTC.
    case timestamp
    /// A JSON document, members sorted by name. What is no JSON is carried as `{"$text":"…"}`.
    case json
    /// A BIT column: a JSON number.
    case bit
}
