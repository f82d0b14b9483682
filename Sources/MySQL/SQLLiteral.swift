/// Values and names as they are written into SQL.
///
/// Safe on every ``Connection``, because its character set is utf8mb4, where no byte of a longer character looks like a quote. A quote
/// is doubled rather than escaped by a backslash: should a statement switch on `NO_BACKSLASH_ESCAPES`, the text would come out with its
/// backslashes doubled, but would still end where it should.
public enum SQLLiteral {
    /// Text as a string literal in the connection's character set.
    public static func text(_ text: String) -> String {
        String(decoding: Self.text(utf8: Array(text.utf8)), as: UTF8.self)
    }

    /// Text, given as UTF-8, as a string literal. The server refuses bytes that are no UTF-8; use ``binary(_:)`` for such.
    public static func text(utf8: [UInt8]) -> [UInt8] {
        let quote = UInt8(ascii: "'")
        var literal: [UInt8] = [quote]
        literal.reserveCapacity(utf8.count + 2)
        for byte in utf8 {
            if byte == quote || byte == UInt8(ascii: "\\") { literal.append(byte) }
            literal.append(byte)
        }
        literal.append(quote)
        return literal
    }

    /// Any bytes as a hexadecimal literal, which is a binary string without a character set.
    public static func binary(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var literal = Array("X'".utf8)
        literal.reserveCapacity(bytes.count * 2 + 3)
        for byte in bytes {
            literal.append(digits[Int(byte >> 4)])
            literal.append(digits[Int(byte & 15)])
        }
        literal.append(UInt8(ascii: "'"))
        return String(decoding: literal, as: UTF8.self)
    }

    /// A name of a table or column, in backquotes.
    public static func identifier(_ name: String) -> String {
        "`" + name.split(separator: "`", omittingEmptySubsequences: false).joined(separator: "``") + "`"
    }
}
