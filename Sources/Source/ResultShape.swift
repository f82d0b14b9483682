import Domain
import MySQL

/// How rows of one result become user ids and canonical bytes. A class, so that its encoder's buffer serves all rows.
final class ResultShape {
    let columns: [Column]
    /// How each column is written.
    let fields: [RowEncoder.Column]
    /// See `AggregateQuery.encodingID(fields:)`.
    let encodingID: String
    /// Whether the text protocol would round some of the values, so that rows have to come over the binary one.
    let needsExactNumbers: Bool
    private let keyIndex: Int
    private let kind: UserIDKind
    private var encoder: RowEncoder

    init(_ columns: [Column], _ settings: SourceSettings) throws(SourceError) {
        let names = columns.map(\.name)
        guard let keyIndex = names.firstIndex(of: settings.keyField) else {
            throw .noKeyField(settings.keyField, columns: names)
        }
        var seen: Set<String> = []
        if let repeated = names.first(where: { !seen.insert($0).inserted }) { throw .repeatedColumn(repeated) }
        let declared = try Self.declaredKinds(settings.columnKinds, names)
        self.columns = columns
        self.keyIndex = keyIndex
        kind = settings.query.kind
        needsExactNumbers = columns.contains { $0.type == .float }
        var encoded: [RowEncoder.Column] = []
        for column in columns {
            encoded.append(.init(name: column.name, kind: try ColumnKind(column, declared: declared[column.name])))
        }
        fields = encoded
        encodingID = settings.query.encodingID(fields: encoded)
        encoder = RowEncoder(columns: encoded)
    }

    /// The kinds that the settings declare, by the columns' names as the result spells them. MySQL does not tell the case of column
    /// names apart, nor can the environment.
    private static func declaredKinds(
        _ kinds: [String: ColumnKind], _ names: [String]
    ) throws(SourceError) -> [String: ColumnKind] {
        var declared: [String: ColumnKind] = [:]
        for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            let meant = names.contains(name) ? [name] : names.filter { $0.lowercased() == name.lowercased() }
            guard let column = meant.first else { throw .unknownColumn(name, columns: names) }
            guard meant.count == 1, declared[column] == nil else { throw .ambiguousColumn(name, columns: meant) }
            declared[column] = kind
        }
        return declared
    }

    /// Lends the row's own id, byte for byte, and tells the digest of its bytes or why there are none.
    ///
    /// It does what ``read(_:)`` does, without a copy of either where the id is an integer in its usual spelling.
    func digest(_ row: borrowing RowView, _ body: (RawSpan, ScannedRow) throws -> Void) throws {
        let isCanonical = row.withBytes(keyIndex) { kind.canonicalBits($0) != nil } ?? false
        guard isCanonical, let encoded = encode(row) else {
            let (user, bytes) = read(row)
            return try body(user.keyBytes.span.bytes, ScannedRow(bytes))
        }
        _ = try row.withBytes(keyIndex) { user throws(any Error) in try body(user, encoded) }
    }

    private func encode(_ row: borrowing RowView) -> ScannedRow? {
        do throws(RowEncodingError) {
            let bytes = try encoder.encode(row)
            return .bytes(Digest(of: bytes), count: bytes.count)
        } catch {
            return nil
        }
    }

    /// The row's own id, byte for byte, and its bytes or why there are none.
    func read(_ row: borrowing RowView) -> (UserID, Result<[UInt8], RowFailure>) {
        let user: UserID
        if let canonical = row.withBytes(keyIndex, { kind.canonicalUser($0) }) ?? nil {
            user = canonical
        } else {
            switch self.user(row.bytes(keyIndex)) {
            case .success(let id): user = id
            case .failure(let bad): return (bad.shown, .failure(bad.failure))
            }
        }
        do throws(RowEncodingError) {
            return (user, .success(try encoder.encode(row)))
        } catch {
            return (user, .failure(failure(of: user, error)))
        }
    }

    /// The same for a row that came over the binary protocol.
    func read(_ values: [Value]) -> (UserID, Result<[UInt8], RowFailure>) {
        let cells = values.map(\.cell)
        switch self.user(cells[keyIndex]) {
        case .failure(let bad): return (bad.shown, .failure(bad.failure))
        case .success(let user):
            do throws(RowEncodingError) {
                return (user, .success(try encoder.encode(cells)))
            } catch {
                return (user, .failure(failure(of: user, error)))
            }
        }
    }

    /// A row's key that is no user id, as it can be shown.
    private struct BadKey: Error {
        let shown: UserID
        let failure: RowFailure
    }

    private func user(_ key: [UInt8]?) -> Result<UserID, BadKey> {
        if let key, let text = String(utf8: key), let user = try? kind.parse(text),
            // A change event may give an unsigned id as a negative number; a column that does is none of that type, and a
            // query for the id that it would be read as finds nothing.
            kind != .unsigned || key.first != UInt8(ascii: "-")
        {
            return .success(user)
        }
        let shown = key.map { String(decoding: $0, as: UTF8.self) } ?? "NULL"
        let failure = RowFailure(.badUserID, "`\(shown)` is not a user id of type \(kind.rawValue)")
        return .failure(BadKey(shown: UserID(shown), failure: failure))
    }

    private func failure(of user: UserID, _ error: RowEncodingError) -> RowFailure {
        let name = columns.indices.contains(error.column) ? columns[error.column].name : "?"
        return RowFailure(.badRow, "column `\(name)` of user \(user): \(error.reason)")
    }
}

extension RowEncoder {
    /// One whole row. In one function of the encoder, because each access to a property of a class from outside costs a check.
    fileprivate mutating func encode(_ row: borrowing RowView) throws(RowEncodingError) -> [UInt8] {
        beginRow()
        for column in 0..<row.count {
            let isPresent: Void? = try row.withBytes(column) { span throws(RowEncodingError) in try append(span) }
            if isPresent == nil { try append(nil) }
        }
        return try endRow()
    }
}

extension Value {
    /// The value as the text protocol would write it, but with every digit: Swift prints as many as give back the same number.
    fileprivate var cell: [UInt8]? {
        switch self {
        case .null: nil
        case .integer(let number): Array(String(number).utf8)
        case .unsigned(let number): Array(String(number).utf8)
        case .float(let number): Array(number.description.utf8)
        case .double(let number): Array(number.description.utf8)
        case .bytes(let bytes): bytes
        }
    }
}

/// What a scan that only compares needs of a row.
public enum ScannedRow: Sendable {
    /// The digest of the row's canonical bytes, and how many there are.
    case bytes(Digest, count: Int)
    case failure(RowFailure)

    init(_ row: Result<[UInt8], RowFailure>) {
        switch row {
        case .success(let bytes): self = .bytes(Digest(of: bytes), count: bytes.count)
        case .failure(let failure): self = .failure(failure)
        }
    }
}

extension ColumnKind {
    /// The kind by which a column's values are written.
    ///
    /// A BIT travels as bytes, and as a number where the query makes one of it; both are written as the same number. A longer BIT cannot be a truth value, because the byte 0x30 and the digit 0 would be one.
    init(_ column: Column, declared: ColumnKind?) throws(SourceError) {
        let natural = ColumnKind(column)
        if natural == .bit, column.isComputed { throw .computedBit(column.name) }
        switch (declared, natural) {
        case (nil, _): self = natural
        case (.bit, .bit), (.integer, .bit), (.unsigned, .bit): self = .bit
        case (.bit, .integer), (.bit, .unsigned): self = natural
        case (.boolean, .bit) where column.length > 1: throw .wrongKind(column.name, .boolean)
        case (.bit, _): throw .wrongKind(column.name, .bit)
        case (let declared?, _): self = declared
        }
    }

    /// The kind that follows from a column's type where the settings declare none.
    ///
    /// `TINYINT(1)` stays an integer: MySQL lets it hold -128 to 127, and only the owner of the column knows whether it means
    /// a truth value.
    init(_ column: Column) {
        self =
            switch column.type {
            case .tinyInt, .smallInt, .mediumInt, .int, .bigInt, .year: column.isUnsigned ? .unsigned : .integer
            case .decimal: .decimal
            case .float: .float
            case .double: .double
            case .bit: .bit
            case .date: .date
            case .time: .time
            case .dateTime: .datetime
            case .timestamp: .timestamp
            case .json: .json
            case .binary, .varBinary, .blob, .geometry, .other: .bytes
            case .char, .varChar, .text, .enumeration, .set, .null: .string
            }
    }
}
