import Domain
import MySQL

extension SourceReader {
    /// Reads the rows of some users in a second way, which shares nothing with the first but the query and the connection: over the
    /// binary protocol, and without the row encoder.
    ///
    /// - Returns: For each user the row's canonical bytes and the row's fields, both of one snapshot; users without a
    ///   usable row are absent.
    public func secondReading(of users: [UserID]) throws -> [UserID: SecondReading] {
        try guarded {
            var rows: [UserID: [UInt8]] = [:]
            var readings: [UserID: SecondReading] = [:]
            guard !users.isEmpty else { return readings }
            _ = try inSnapshot {
                let sql = settings.query.sql(for: users)
                try readRows(sql) { user, row in rows[user] = try? row.get() }
                let columns = try columns()
                let plain = PlainRow(columns, try ResultShape(columns, settings).fields, settings)
                try connection.streamValues(sql) { values in
                    guard let user = plain.user(values), let bytes = rows[user] else { return }
                    readings[user] = SecondReading(bytes: bytes, fields: plain.members(values), names: plain.names)
                }
            }
            return readings
        }
    }
}
