/// One value as the binary protocol carries it: numbers as numbers, with no digit lost on the way through text.
public enum Value: Sendable, Equatable {
    case null
    /// `TINYINT` to `BIGINT`, and `YEAR`.
    case integer(Int64)
    /// An integer column that is `UNSIGNED`.
    case unsigned(UInt64)
    /// `FLOAT`. The text protocol rounds it to six digits: 16777216 and 16777218 look the same there.
    case float(Float)
    /// `DOUBLE`.
    case double(Double)
    /// Everything else, as bytes: text in UTF-8, decimals and dates as the text protocol writes them, binary values as they are.
    case bytes([UInt8])

    /// The bytes of a value that is neither a number nor NULL, as text.
    public var text: String? {
        if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
}
