/// The name of a run, such as `20261122T080000Z-4f2a`: the time of its start, and a random suffix that tells two runs of one
/// second apart. Sorted as text, run ids are in the order of time.
public struct RunID: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let text: String

    /// A new id for a run that starts at that time.
    public init(startedAt: UTCTime = .now()) {
        let suffix = String(UInt16.random(in: .min ... .max), radix: 16)
        text = startedAt.compact + "-" + String(repeating: "0", count: 4 - suffix.count) + suffix
    }

    /// Parses a run id. Nothing else passes, so that a run id can stand in a path.
    ///
    /// - Throws: ``ReportError`` with the code `invalid_run_id`.
    public init(parsing text: String) throws(ReportError) {
        let bytes = Array(text.utf8)
        let isTime =
            bytes.count == 21
            && bytes.prefix(16).enumerated().allSatisfy { index, byte in
                switch index {
                case 8: byte == UInt8(ascii: "T")
                case 15: byte == UInt8(ascii: "Z")
                default: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                }
            }
        let isHexadecimal = bytes.suffix(4).allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard isTime, bytes[16] == UInt8(ascii: "-"), isHexadecimal else {
            throw ReportError(
                .invalidRunID, path: String(text.prefix(80)),
                "a run id looks like 20261122T080000Z-4f2a; `rollcall report list` names those that are there")
        }
        self.text = text
    }

    /// When the run started, to the second.
    var startedAt: UTCTime? {
        let digits = Array(text)
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return UTCTime("\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }

    public var description: String { text }

    public static func < (left: RunID, right: RunID) -> Bool { left.text < right.text }
}
