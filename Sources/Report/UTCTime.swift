import Glibc

/// A moment in UTC with milliseconds, written as ISO 8601.
public struct UTCTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    public let millisecondsSince1970: Int64

    /// The range that four digits of a year can write: 0000-01-01 to 9999-12-31. Anything outside is moved to its edge, because
    /// a producer may put any 64-bit number into a record's timestamp.
    private static let writableRange: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    public init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = min(
            max(millisecondsSince1970, Self.writableRange.lowerBound), Self.writableRange.upperBound)
    }

    /// The system's clock.
    public static func now() -> UTCTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UTCTime(millisecondsSince1970: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Parses what ``description`` prints.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            var value: Int64 = 0
            for byte in bytes[range] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            return value
        }
        let separators = bytes.count == 20 ? "    -  -  T  :  :  Z" : "    -  -  T  :  :  .   Z"
        guard bytes.count == separators.utf8.count,
            zip(bytes, separators.utf8).allSatisfy({ $1 == UInt8(ascii: " ") || $0 == $1 }),
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            let millisecond = bytes.count == 24 ? number(20..<23) : 0,
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Self.days(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        let time = UTCTime(millisecondsSince1970: seconds * 1000 + millisecond)
        // A day that the month does not have comes back as another one.
        guard time.description == text else { return nil }
        self = time
    }

    public static func < (left: UTCTime, right: UTCTime) -> Bool {
        left.millisecondsSince1970 < right.millisecondsSince1970
    }

    /// `2026-11-22T08:00:00Z`, or with milliseconds where there are any: `2026-11-22T08:00:00.250Z`.
    public var description: String {
        // Byte by byte: a list of a million findings has several million of these.
        let parts = components
        return String(unsafeUninitializedCapacity: 24) { bytes in
            var count = 0
            func put(_ value: Int64, digits: Int, then mark: Unicode.Scalar) {
                var rest = value
                for place in (count..<(count + digits)).reversed() {
                    bytes[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                    rest /= 10
                }
                bytes[count + digits] = UInt8(ascii: mark)
                count += digits + 1
            }
            put(parts.year, digits: 4, then: "-")
            put(parts.month, digits: 2, then: "-")
            put(parts.day, digits: 2, then: "T")
            put(parts.hour, digits: 2, then: ":")
            put(parts.minute, digits: 2, then: ":")
            put(parts.second, digits: 2, then: parts.millisecond == 0 ? "Z" : ".")
            if parts.millisecond != 0 { put(parts.millisecond, digits: 3, then: "Z") }
            return count
        }
    }

    /// `20261122T080000Z`: sorts as text in the order of time, and fits a file name.
    var compact: String {
        let parts = components
        return "\(padded(parts.year, 4))\(padded(parts.month, 2))\(padded(parts.day, 2))"
            + "T\(padded(parts.hour, 2))\(padded(parts.minute, 2))\(padded(parts.second, 2))Z"
    }

    /// `2026-11-22`.
    public var day: String {
        let parts = components
        return "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2))"
    }

    /// `2026-11-22 08:00:00 UTC`, for people.
    var readable: String {
        let parts = components
        return "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2)) "
            + "\(padded(parts.hour, 2)):\(padded(parts.minute, 2)):\(padded(parts.second, 2)) UTC"
    }

    private struct Components {
        var year, month, day, hour, minute, second, millisecond: Int64
    }

    private var components: Components {
        let day = 86_400_000 as Int64
        let inDay = ((millisecondsSince1970 % day) + day) % day
        let date = Self.date(days: (millisecondsSince1970 - inDay) / day)
        return Components(
            year: date.year, month: date.month, day: date.day, hour: inDay / 3_600_000, minute: inDay / 60_000 % 60,
            second: inDay / 1000 % 60, millisecond: inDay % 1000)
    }

    /// Days since 1970-01-01 of a date, by `days_from_civil` of http://howardhinnant.github.io/date_algorithms.html.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// The inverse, `civil_from_days` of the same page.
    private static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

private func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
