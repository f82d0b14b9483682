internal import CMySQL

/// The rows of one statement over the binary protocol.
///
/// Each column has a slot of fixed size, which the library fills with a number or with as many bytes as fit; of longer values it tells the
/// length, and they are fetched again in full.
final class PreparedRows {
    let columns: [Column]
    private let statement: UnsafeMutablePointer<MYSQL_STMT>
    /// Keeps the handle alive, on which the statement lives.
    private let session: Session
    private let settings: ConnectionSettings
    private let bindings: UnsafeMutablePointer<MYSQL_BIND>
    private let slots: UnsafeMutablePointer<Slot>

    /// Where the library puts one value. The number comes first, so that a slot's address is its number's.
    private struct Slot {
        /// Room for a number, or for the longest date or time as text.
        var number: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var length: UInt = 0
        var isNull: my_bool = 0
        var isCutOff: my_bool = 0
    }

    /// Prepares and runs a statement on a handle that has no other result open.
    init(
        _ sql: String, session: Session, handle: UnsafeMutablePointer<MYSQL>, settings: ConnectionSettings
    ) throws(MySQLError) {
        self.session = session
        self.settings = settings
        guard let statement = mysql_stmt_init(handle) else {
            throw MySQLError(
                code: Int(CR_OUT_OF_MEMORY), sqlState: MySQLError.generalState, reason: "no memory for a statement",
                settings: settings)
        }
        do throws(MySQLError) {
            columns = try Self.run(sql, on: statement, settings: settings)
        } catch {
            mysql_stmt_close(statement)
            throw error
        }
        self.statement = statement
        bindings = .allocate(capacity: columns.count)
        bindings.initialize(repeating: MYSQL_BIND(), count: columns.count)
        slots = .allocate(capacity: columns.count)
        slots.initialize(repeating: Slot(), count: columns.count)
        guard !columns.isEmpty else { return }
        for index in columns.indices { bind(index) }
        guard mysql_stmt_bind_result(statement, bindings) == 0 else { throw Self.error(of: statement, settings) }
    }

    deinit {
        // Reads the rows that are left, so that the session can be used again.
        mysql_stmt_close(statement)
        bindings.deallocate()
        slots.deallocate()
    }

    /// The next row; `nil` after the last one.
    func next() throws(MySQLError) -> [Value]? {
        guard !columns.isEmpty else { return nil }
        switch mysql_stmt_fetch(statement) {
        case 0, MYSQL_DATA_TRUNCATED: break
        case MYSQL_NO_DATA: return nil
        default: throw Self.error(of: statement, settings)
        }
        var row: [Value] = []
        row.reserveCapacity(columns.count)
        for index in columns.indices { row.append(try value(index)) }
        return row
    }

    private static func run(
        _ sql: String, on statement: UnsafeMutablePointer<MYSQL_STMT>, settings: ConnectionSettings
    ) throws(MySQLError) -> [Column] {
        var sql = sql
        let failed = sql.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) { mysql_stmt_prepare(statement, $0.baseAddress, UInt($0.count)) != 0 }
        }
        guard !failed, mysql_stmt_execute(statement) == 0 else { throw error(of: statement, settings) }
        guard let result = mysql_stmt_result_metadata(statement) else { return [] }
        defer { mysql_free_result(result) }
        return UnsafeBufferPointer(start: mysql_fetch_fields(result), count: Int(mysql_num_fields(result))).map(Column.init)
    }

    private func bind(_ index: Int) {
        let slot = slots + index
        bindings[index].buffer = UnsafeMutableRawPointer(slot)
        bindings[index].buffer_length = UInt(MemoryLayout.size(ofValue: slot.pointee.number))
        bindings[index].length = pointer(to: \.length, in: slot)
        bindings[index].is_null = pointer(to: \.isNull, in: slot)
        bindings[index].error = pointer(to: \.isCutOff, in: slot)
        bindings[index].is_unsigned = columns[index].isUnsigned ? 1 : 0
        switch columns[index].type {
        case .tinyInt, .smallInt, .mediumInt, .int, .bigInt, .year: bindings[index].buffer_type = MYSQL_TYPE_LONGLONG
        case .float: bindings[index].buffer_type = MYSQL_TYPE_FLOAT
        case .double: bindings[index].buffer_type = MYSQL_TYPE_DOUBLE
        default: bindings[index].buffer_type = MYSQL_TYPE_STRING
        }
    }

    private func pointer<Field>(to field: KeyPath<Slot, Field>, in slot: UnsafeMutablePointer<Slot>) -> UnsafeMutablePointer<
        Field
    >? {
        MemoryLayout<Slot>.offset(of: field).map {
            (UnsafeMutableRawPointer(slot) + $0).assumingMemoryBound(to: Field.self)
        }
    }

    private func value(_ index: Int) throws(MySQLError) -> Value {
        let slot = slots + index
        guard slot.pointee.isNull == 0 else { return .null }
        let number = UnsafeRawPointer(slot)
        switch bindings[index].buffer_type {
        case MYSQL_TYPE_LONGLONG where columns[index].isUnsigned: return .unsigned(number.load(as: UInt64.self))
        case MYSQL_TYPE_LONGLONG: return .integer(number.load(as: Int64.self))
        case MYSQL_TYPE_FLOAT: return .float(number.load(as: Float.self))
        case MYSQL_TYPE_DOUBLE: return .double(number.load(as: Double.self))
        default: return .bytes(try bytes(index))
        }
    }

    private func bytes(_ index: Int) throws(MySQLError) -> [UInt8] {
        let slot = slots + index
        let count = Int(slot.pointee.length)
        let room = MemoryLayout.size(ofValue: slot.pointee.number)
        if count <= room {
            return withUnsafeBytes(of: &slot.pointee.number) { Array($0.prefix(count)) }
        }
        var bytes = [UInt8](repeating: 0, count: count)
        let result = bytes.withUnsafeMutableBytes { buffer in
            var whole = MYSQL_BIND()
            var length: UInt = 0
            return withUnsafeMutablePointer(to: &length) { length in
                whole.buffer_type = MYSQL_TYPE_STRING
                whole.buffer = buffer.baseAddress
                whole.buffer_length = UInt(buffer.count)
                whole.length = length
                return mysql_stmt_fetch_column(statement, &whole, UInt32(index), 0)
            }
        }
        guard result == 0 else { throw Self.error(of: statement, settings) }
        return bytes
    }

    private static func error(of statement: UnsafeMutablePointer<MYSQL_STMT>, _ settings: ConnectionSettings) -> MySQLError {
        MySQLError(
            code: Int(mysql_stmt_errno(statement)), sqlState: String(cString: mysql_stmt_sqlstate(statement)),
            reason: String(cString: mysql_stmt_error(statement)), settings: settings)
    }
}
