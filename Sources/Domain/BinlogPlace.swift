/// A place in a MySQL server's binary log, by file and offset.
public struct BinlogPlace: Hashable, Sendable, CustomStringConvertible {
    /// The server's `server_id`; nil where the writer of the place did not say.
    public let server: UInt64?
    /// The log file's name without its number: `binlog` of `binlog.000017`.
    public let logName: String
    /// The log file's number, compared as a number: `binlog.1000000` follows `binlog.999999`.
    public let logNumber: UInt64
    /// The byte offset in the file.
    public let offset: UInt64

    public init(server: UInt64?, logName: String, logNumber: UInt64, offset: UInt64) {
        self.server = server
        self.logName = logName
        self.logNumber = logNumber
        self.offset = offset
    }

    /// A place from a log file's full name, such as `binlog.000017`; nil when the name does not end in a number.
    public init?(server: UInt64?, file: String, offset: UInt64) {
        guard let dot = file.utf8.lastIndex(of: UInt8(ascii: ".")),
            let number = UInt64(file[file.utf8.index(after: dot)...])
        else { return nil }
        self.init(server: server, logName: String(file[..<dot]), logNumber: number, offset: offset)
    }

    /// Parses what ``description`` prints.
    public init?(_ text: String) {
        var rest = text[...]
        var server: UInt64?
        // What stands before the sign and is no number belongs to the log's name, which the server's administrator chose.
        if let at = rest.utf8.firstIndex(of: UInt8(ascii: "@")), let number = UInt64(rest[..<at]) {
            server = number
            rest = rest[rest.utf8.index(after: at)...]
        }
        guard let colon = rest.utf8.lastIndex(of: UInt8(ascii: ":")), let offset = UInt64(rest[rest.utf8.index(after: colon)...])
        else { return nil }
        self.init(server: server, file: String(rest[..<colon]), offset: offset)
    }

    /// The log file's name, numbered with at least six digits as MySQL does.
    public var file: String {
        let digits = String(logNumber)
        let zeros = "000000".dropFirst(digits.utf8.count)
        return "\(logName).\(zeros)\(digits)"
    }

    /// `4242@binlog.000017:1234`, or without `4242@` where the server is not known.
    public var description: String {
        server.map { "\($0)@\(file):\(offset)" } ?? "\(file):\(offset)"
    }

    /// How this place lies to another one.
    func compare(to other: BinlogPlace) -> SourcePosition.Order {
        if let mine = server, let theirs = other.server, mine != theirs { return .incomparable }
        guard logName == other.logName else { return .incomparable }
        let mine = (logNumber, offset)
        let theirs = (other.logNumber, other.offset)
        if mine == theirs { return .same }
        return mine < theirs ? .before : .after
    }
}
