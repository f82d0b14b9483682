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
        var file = file
        guard let place = file.withUTF8({ BinlogPlace(server: server, file: $0, offset: offset) }) else { return nil }
        self = place
    }

    private init?(server: UInt64?, file: UnsafeBufferPointer<UInt8>, offset: UInt64) {
        guard let dot = file.lastIndex(of: UInt8(ascii: ".")),
            let number = UInt64(decimal: UnsafeBufferPointer(rebasing: file[(dot + 1)...]))
        else { return nil }
        let logName = String(decoding: UnsafeBufferPointer(rebasing: file[..<dot]), as: UTF8.self)
        self.init(server: server, logName: logName, logNumber: number, offset: offset)
    }

    /// Parses what ``description`` prints.
    public init?(_ text: String) {
        var text = text
        guard let place = text.withUTF8({ BinlogPlace(utf8: $0) }) else { return nil }
        self = place
    }

    /// Byte by byte, because each signal and each aggregate carries such a text.
    private init?(utf8 text: UnsafeBufferPointer<UInt8>) {
        var rest = text[...]
        var server: UInt64?
        // What stands before the sign and is no number belongs to the log's name, which the server's administrator chose.
        if let at = rest.firstIndex(of: UInt8(ascii: "@")),
            let number = UInt64(decimal: UnsafeBufferPointer(rebasing: rest[..<at]))
        {
            server = number
            rest = rest[(at + 1)...]
        }
        guard let colon = rest.lastIndex(of: UInt8(ascii: ":")),
            let offset = UInt64(decimal: UnsafeBufferPointer(rebasing: rest[(colon + 1)...]))
        else { return nil }
        self.init(server: server, file: UnsafeBufferPointer(rebasing: rest[..<colon]), offset: offset)
    }

    /// The log file's name, numbered with at least six digits as MySQL does.
    public var file: String {
        var text = Array(logName.utf8)
        appendNumber(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    private func appendNumber(to text: inout [UInt8]) {
        text.append(UInt8(ascii: "."))
        text.append(decimal: logNumber, minimumDigits: 6)
    }

    /// `4242@binlog.000017:1234`, or without `4242@` where the server is not known.
    public var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(64)
        if let server {
            text.append(decimal: server)
            text.append(UInt8(ascii: "@"))
        }
        text.append(contentsOf: logName.utf8)
        appendNumber(to: &text)
        text.append(UInt8(ascii: ":"))
        text.append(decimal: offset)
        return String(decoding: text, as: UTF8.self)
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
