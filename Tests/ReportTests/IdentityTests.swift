import Domain
import Testing

@testable import Report

@Suite("Run ids and times")
struct IdentityTests {
    @Test(
        "A time is written as ISO 8601, and read back",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z"), (1_795_334_400_000, "2026-11-22T08:00:00Z"),
            (1_795_334_400_250, "2026-11-22T08:00:00.250Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00Z"),
        ] as [(Int64, String)])
    func times(milliseconds: Int64, text: String) {
        #expect(UTCTime(millisecondsSince1970: milliseconds).description == text)
        #expect(UTCTime(text)?.millisecondsSince1970 == milliseconds)
    }

    @Test("A timestamp that no year can hold, as a producer may send it, becomes the nearest that one can")
    func extremeTimes() {
        #expect(UTCTime(millisecondsSince1970: .max).description == "9999-12-31T23:59:59.999Z")
        #expect(UTCTime(millisecondsSince1970: .min).description == "0000-01-01T00:00:00Z")
    }

    @Test(
        "What is not a time is refused",
        arguments: [
            "", "2026-11-22", "2026-02-30T00:00:00Z", "2026-11-22T24:00:00Z", "2026-11-22 08:00:00Z", "2026-11-22T08:00:00.5Z",
            "2026-11-22T08:00:00+", "２026-11-22T08:0",
        ])
    func badTimes(text: String) {
        #expect(UTCTime(text) == nil)
    }

    @Test("A run id carries its time, and sorts by it")
    func runIDs() throws {
        let early = RunID(startedAt: Sample.start)
        let late = RunID(startedAt: UTCTime(millisecondsSince1970: Sample.start.millisecondsSince1970 + 1_000))
        #expect(early.text.hasPrefix("20261122T080000Z-"))
        #expect(early < late)
        #expect(try RunID(parsing: early.text) == early)
    }

    @Test(
        "A text that is no run id never becomes part of a path",
        arguments: [
            "", "..", "latest", "../../etc/passwd", "20261122T080000Z-4f2", "20261122T080000Z-4F2A", "20261122T080000Z/4f2a",
            "20261122T080000Z-4f2a/..", "20261122X080000Z-4f2a",
        ])
    func badRunIDs(text: String) {
        #expect(throws: ReportError.self) { try RunID(parsing: text) }
    }
}
