/// The `Retry-After` header (RFC 9110 section 10.2.3): a number of seconds, or a date.
enum RetryAfter {
    /// How long to wait, in milliseconds; nil if the text is neither a number of seconds nor a date.
    ///
    /// - Parameters:
    ///   - date: The response's own `Date` header. A date is measured against it, so that a server whose clock is wrong is not
    ///     waited for too long.
    ///   - nowMs: What a date is measured against otherwise, in milliseconds since 1970.
    static func delayMs(_ text: String, date: String?, nowMs: Int64) -> Int? {
        let trimmed = text.drop { $0 == " " }
        if !trimmed.isEmpty, trimmed.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            // Ten digits are more than three hundred years, and multiply without overflow.
            return trimmed.utf8.count > 10 ? nil : Int(trimmed).map { $0 * 1000 }
        }
        guard let untilMs = epochMs(text) else { return nil }
        let fromMs = date.flatMap { epochMs($0) } ?? nowMs
        return Int(max(0, untilMs - fromMs))
    }

    /// The moment of an HTTP date in any of its three forms, in milliseconds since 1970:
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    static func epochMs(_ text: String) -> Int64? {
        let words = text.split { $0 == " " || $0 == "," || $0 == "-" }.map(String.init)
        guard let clock = words.first(where: { $0.contains(":") }), let seconds = secondsOfDay(clock),
            let monthAt = words.firstIndex(where: { months.contains($0) }), let month = months.firstIndex(of: words[monthAt])
        else { return nil }
        let numbers = words.compactMap { word in word.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(word) : nil }
        guard numbers.count == 2, (1...31).contains(numbers[0]), (0...9999).contains(numbers[1]) else { return nil }
        // A year of two digits is that of the obsolete form.
        let year = numbers[1] < 70 ? numbers[1] + 2000 : numbers[1] < 100 ? numbers[1] + 1900 : numbers[1]
        return (days(year: year, month: month + 1, day: numbers[0]) * 86_400 + Int64(seconds)) * 1000
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func secondsOfDay(_ clock: String) -> Int? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard parts.count == 3, (0...23).contains(parts[0]), (0...59).contains(parts[1]), (0...60).contains(parts[2]) else {
            return nil
        }
        return parts[0] * 3600 + parts[1] * 60 + parts[2]
    }

    /// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
    /// `days_from_civil`).
    private static func days(year: Int, month: Int, day: Int) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }
}
