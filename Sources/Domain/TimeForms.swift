/// A date, or a date and a time, in one of the forms in which producers write them.
struct CalendarTime {
    private let year: Int
    private let month: Int
    private let day: Int
    /// Since midnight.
    private let microseconds: Int64
    /// How far the clock on the wall is ahead of UTC; nil where the text does not say.
    private let offsetSeconds: Int64?

    /// Reads `2026-11-22`, and behind it, after a `T` or a space, `13:37`, `13:37:05` or `13:37:05.25`, and `Z`, `+02:00`, `+0200` or
    /// `+02`. Returns nil for anything else.
    init?(_ text: String) {
        var reader = DigitReader(text)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2)
        else { return nil }
        var microseconds: Int64 = 0
        var offset: Int64?
        if !reader.isAtEnd {
            guard reader.skip("T") || reader.skip("t") || reader.skip(" "), let time = reader.timeOfDay() else { return nil }
            microseconds = time
            _ = reader.skip(" ")
            if !reader.isAtEnd {
                guard let zone = reader.zone() else { return nil }
                offset = zone
            }
        }
        guard reader.isAtEnd, month <= 12, day <= 31 else { return nil }
        self.year = Int(year)
        self.month = Int(month)
        self.day = Int(day)
        self.microseconds = microseconds
        offsetSeconds = offset
    }

    /// Whether both say the same under a kind: a column with a zone names a moment, the others a reading of a clock that shows no
    /// zone, which producers write as if it were UTC.
    func isSame(as other: CalendarTime?, kind: ColumnKind) -> Bool {
        guard let other else { return false }
        if kind != .timestamp, let offset = other.offsetSeconds, offset != 0 { return false }
        if let mine = microsecondsSince1970, let theirs = other.microsecondsSince1970 { return mine == theirs }
        // Zero dates, and such as 2026-02-31, are no days of any calendar, and have no zone to be moved to.
        return (year, month, day, microseconds) == (other.year, other.month, other.day, other.microseconds)
            && (other.offsetSeconds ?? 0) == 0
    }

    /// The moment, taken as UTC where the text names no zone; nil for a date that the calendar does not have, which MySQL can store all
    /// the same.
    var microsecondsSince1970: Int64? {
        guard month > 0, day > 0, day <= monthDays else { return nil }
        return (daysSince1970 * 86_400 - (offsetSeconds ?? 0)) * 1_000_000 + microseconds
    }

    private var monthDays: Int {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// `days_from_civil` of http://howardhinnant.github.io/date_algorithms.html: the proleptic Gregorian calendar, as MySQL counts.
    private var daysSince1970: Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }
}

/// A time of day, or a duration of up to 838 hours to both sides, as MySQL's TIME holds it.
struct TimeOfDay: Equatable {
    let microseconds: Int64

    init?(_ text: String) {
        var reader = DigitReader(text)
        let isNegative = reader.skip("-")
        guard let time = reader.timeOfDay(hourDigits: 2...3), reader.isAtEnd else { return nil }
        microseconds = isNegative ? -time : time
    }
}

/// Reads a text of digits and marks from left to right.
private struct DigitReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    var isAtEnd: Bool { place == bytes.count }

    mutating func skip(_ mark: Unicode.Scalar) -> Bool {
        guard place < bytes.count, UInt32(bytes[place]) == mark.value else { return false }
        place += 1
        return true
    }

    private mutating func digits(_ count: ClosedRange<Int>) -> ArraySlice<UInt8>? {
        let start = place
        while place < bytes.count, place - start < count.upperBound, bytes[place] &- UInt8(ascii: "0") <= 9 { place += 1 }
        guard place - start >= count.lowerBound else {
            place = start
            return nil
        }
        return bytes[start..<place]
    }

    /// What so many digits say; there are too few of them for more than 64 bits.
    private func value(_ digits: ArraySlice<UInt8>) -> Int64 {
        digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// A number of exactly so many digits.
    mutating func number(_ count: Int) -> Int64? { digits(count...count).map(value) }

    /// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.ffffff`, in microseconds. What is finer than that has to be nothing.
    mutating func timeOfDay(hourDigits: ClosedRange<Int> = 2...2) -> Int64? {
        guard let hours = digits(hourDigits).map(value), skip(":"), let minutes = number(2) else { return nil }
        var microseconds = (hours * 3_600 + minutes * 60) * 1_000_000
        if skip(":") {
            guard let seconds = number(2) else { return nil }
            microseconds += seconds * 1_000_000
            if skip(".") {
                guard let fraction = digits(1...9), fraction.dropFirst(6).allSatisfy({ $0 == UInt8(ascii: "0") }) else {
                    return nil
                }
                let shown = fraction.prefix(6)
                microseconds += (shown.count..<6).reduce(value(shown)) { scaled, _ in scaled * 10 }
            }
        }
        return microseconds
    }

    /// `Z`, `+hh`, `+hhmm` or `+hh:mm`, in seconds ahead of UTC.
    mutating func zone() -> Int64? {
        if skip("Z") || skip("z") { return 0 }
        let isWest = skip("-")
        guard isWest || skip("+"), let hours = number(2) else { return nil }
        var minutes: Int64 = 0
        if !isAtEnd {
            _ = skip(":")
            guard let given = number(2) else { return nil }
            minutes = given
        }
        return (isWest ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }
}
