import Domain
import Foundation
import MySQL

/// A row that was read a second time, in another way than the first.
public struct SecondReading: Sendable, Equatable {
    /// The row's canonical bytes, in the same snapshot.
    public var bytes: [UInt8]
    /// What the row's columns hold, as far as that can be told without the row encoder's rules.
    public var fields: [JSONValue.Member]
    /// The names of all of the row's columns.
    public var names: Set<String>

    /// The digest of these bytes.
    public var digest: Digest { Digest(of: bytes) }

    public init(bytes: [UInt8], fields: [JSONValue.Member], names: Set<String>) {
        self.bytes = bytes
        self.fields = fields
        self.names = names
    }
}

/// Makes fields of a row by the shortest way there is: values of the binary protocol, printed by the standard library and Foundation.
///
/// It is there to check the row encoder, and so it shares nothing with it. What it makes means the same as what the encoder writes, in
/// other forms here and there.
struct PlainRow {
    private let columns: [Column]
    private let fields: [RowEncoder.Column]
    private let kind: UserIDKind
    private let keyIndex: Int?
    let names: Set<String>

    init(_ columns: [Column], _ fields: [RowEncoder.Column], _ settings: SourceSettings) {
        self.columns = columns
        self.fields = fields
        kind = settings.query.kind
        keyIndex = columns.firstIndex { $0.name == settings.keyField }
        names = Set(columns.map(\.name))
    }

    /// The fields of a row. A number that the settings declare as something else than a number is left out: what becomes of it is a
    /// matter of the encoder's rules.
    func members(_ values: [Value]) -> [JSONValue.Member] {
        zip(fields, zip(columns, values)).compactMap { field, cell in
            json(cell.1, cell.0, field.kind).map { .init(field.name, $0) }
        }
    }

    /// The row's user id.
    func user(_ values: [Value]) -> UserID? {
        guard let keyIndex, values.indices.contains(keyIndex) else { return nil }
        let text: String? =
            switch values[keyIndex] {
            case .integer(let number): String(number)
            case .unsigned(let number): String(number)
            case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
            case .null, .float, .double: nil
            }
        return text.flatMap { try? kind.parse($0) }
    }

    private static let numbers: Set<ColumnKind> = [.integer, .unsigned, .decimal, .float, .double, .boolean, .bit]

    private func json(_ value: Value, _ column: Column, _ kind: ColumnKind) -> JSONValue? {
        let isNumber = Self.numbers.contains(kind)
        switch value {
        case .null: return .null
        case .integer(let number): return isNumber ? .number(String(number)) : nil
        case .unsigned(let number): return isNumber ? .number(String(number)) : nil
        // All the digits of what is stored, of which the encoder writes no more than are needed.
        case .float(let number): return kind == .float ? .number("\(Double(number))") : nil
        case .double(let number): return kind == .double ? .number("\(number)") : nil
        case .bytes(let bytes) where column.type == .bit:
            return isNumber ? .number(String(bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })) : nil
        case .bytes(let bytes) where kind == .bytes: return .string(Data(bytes).base64EncodedString())
        case .bytes(let bytes): return json(String(validating: bytes, as: UTF8.self), bytes, kind)
        }
    }

    private func json(_ text: String?, _ bytes: [UInt8], _ kind: ColumnKind) -> JSONValue {
        guard let text else { return .object([.init("$base64", .string(Data(bytes).base64EncodedString()))]) }
        guard kind == .json else { return .string(text) }
        return (try? JSONValue(parsing: bytes)) ?? .object([.init("$text", .string(text))])
    }
}
