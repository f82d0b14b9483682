import Domain
import MySQL

/// How rows of one result become user ids and canonical bytes. A class, so that its encoder's buffer serves all rows.
final class ResultShape {
    let columns: [Column]
    private let keyIndex: Int
    private let kind: UserIDKind
    private var encoder: RowEncoder

    init(_ columns: [Column], _ settings: SourceSettings) throws(SourceError) {
        let names = columns.map(\.name)
        guard let keyIndex = names.firstIndex(of: settings.keyField) else {
            throw .noKeyField(settings.keyField, columns: names)
        }
        if let unknown = settings.columnKinds.keys.sorted().first(where: { !names.contains($0) }) {
            throw .unknownColumn(unknown, columns: names)
        }
        self.columns = columns
        self.keyIndex = keyIndex
        kind = settings.query.kind
        encoder = RowEncoder(
            columns: columns.map { .init(name: $0.name, kind: settings.columnKinds[$0.name] ?? ColumnKind($0)) })
    }

    /// The row's own id, byte for byte, and its bytes or why there are none.
    func read(_ row: borrowing RowView) -> (UserID, Result<[UInt8], RowFailure>) {
        let text = row.withBytes(keyIndex) { span in span.withUnsafeBytes { String(validating: $0, as: UTF8.self) } } ?? nil
        guard let text, let user = try? kind.parse(text) else {
            let shown = row.text(keyIndex) ?? "NULL"
            return (UserID(shown), .failure(RowFailure(.badUserID, "`\(shown)` is not a user id of type \(kind.rawValue)")))
        }
        do throws(RowEncodingError) {
            encoder.beginRow()
            for column in 0..<row.count {
                let isPresent: Void? = try row.withBytes(column) { span throws(RowEncodingError) in try encoder.append(span) }
                if isPresent == nil { try encoder.append(nil) }
            }
            return (user, .success(try encoder.endRow()))
        } catch {
            let name = columns.indices.contains(error.column) ? columns[error.column].name : "?"
            return (user, .failure(RowFailure(.badRow, "column `\(name)` of user \(user): \(error.reason)")))
        }
    }
}

extension ColumnKind {
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
