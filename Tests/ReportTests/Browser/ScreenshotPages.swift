import Glibc
import Testing

@Suite("Pages to look at", .enabled(if: getenv("ROLLCALL_WRITE_PAGES") != nil))
struct ScreenshotPages {
    @Test("Pages of 0, 17 and many findings, written where the variable says", arguments: [0, 17, 1_000_000])
    func write(findings: Int) throws {
        guard let directory = getenv("ROLLCALL_WRITE_PAGES") else { return }
        try SampleRuns.write(findings: findings, in: "\(String(cString: directory))/\(findings)")
    }
}
