/// Where a record lies in its topic.
public struct RecordAddress: Hashable, Sendable, CustomStringConvertible {
    public let partition: Int32
    public let offset: Int64

    public init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }

    /// Parses what ``description`` prints.
    public init?(_ text: String) {
        var text = text
        if let address = text.withUTF8({ Self.plain($0) }) {
            self = address
            return
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]) else { return nil }
        self.init(partition: partition, offset: offset)
        // One address has one text: neither a sign nor leading zeros.
        guard description == text else { return nil }
    }

    /// The address in a text of digits alone, as nearly every one is.
    private static func plain(_ text: UnsafeBufferPointer<UInt8>) -> RecordAddress? {
        func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
            guard digits.first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
            return UInt64(plainDecimal: UnsafeBufferPointer(rebasing: digits))
        }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")),
            let partition = number(text[..<colon]).flatMap({ Int32(exactly: $0) }),
            let offset = number(text[(colon + 1)...]).flatMap({ Int64(exactly: $0) })
        else { return nil }
        return RecordAddress(partition: partition, offset: offset)
    }

    /// `partition:offset`.
    public var description: String { String(decoding: utf8, as: UTF8.self) }

    /// The bytes of ``description``.
    var utf8: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(32)
        text.append(decimal: Int64(partition))
        text.append(UInt8(ascii: ":"))
        text.append(decimal: offset)
        return text
    }
}
