import Domain
import Foundation
import Report
import Testing

@testable import Reconcile

/// A month of nightly runs over one history, as cron would do them: findings appear, persist, heal and come back.
@Suite("A month of nights")
struct MonthOfNightsTests {
    private let world = World()
    private let directory = ReportsDirectory()

    /// What happens during the day before each night.
    private func day(_ night: Int) {
        switch night {
        case 5: edit("3", "4")
        case 9:
            world.change(UserID("3"), to: "mended")
            edit("7")
        case 12: for user in ["4", "7"] { world.change(UserID(user), to: "mended") }
        case 20: edit("3")
        default: break
        }
        world.pump()
        world.state.withLock { $0.nowMs += 86_400_000 }
    }

    /// Rows that change without a change event.
    private func edit(_ users: String...) {
        for user in users { world.change(UserID(user), to: "edited \(user)", emitsEvent: false) }
    }

    private func night(_ night: Int) throws -> RunReport {
        day(night)
        guard night == 15 else { return try world.verify(in: directory).report }
        // Somebody points the run at an empty database: the run is void, and must neither heal nor find anything.
        let rows = world.state.withLock { state in
            defer { state.rows = [:] }
            return state.rows
        }
        defer { world.state.withLock { $0.rows = rows } }
        return try world.verify(in: directory).report
    }

    private func page(_ name: String) throws -> String {
        try String(contentsOfFile: directory.path + "/latest/" + name, encoding: .utf8)
    }

    @Test("Each night's delta, trend and texts tell what appeared, stayed, healed and came back")
    func month() throws {
        var deltas: [String] = []
        for number in 1...32 {
            let report = try night(number)
            deltas.append(report.delta.map { "\($0.new)/\($0.persisting)/\($0.healed)" } ?? report.verdict.rawValue)
            #expect(report.trend.count == min(number, 30), "night \(number)")
            #expect(report.trend.last?.runID == report.runID.text)
            try check(texts: number)
        }
        let quiet = "0/0/0"
        #expect(
            deltas
                == ["clean"] + Array(repeating: quiet, count: 3) + ["2/0/0", "0/2/0", "0/2/0", "0/2/0"]
                + ["1/1/1", "0/2/0", "0/2/0", "0/0/2", quiet, quiet, "error", quiet, quiet, quiet, quiet]
                + ["1/0/0"] + Array(repeating: "0/1/0", count: 12))
        let stored = try ReportStore(directory: directory.path).load(.latest).report
        #expect(
            stored.trend.map(\.findings) == [0, 0, 2, 2, 2, 2, 2, 2, 2] + Array(repeating: 0, count: 8)
                + Array(repeating: 1, count: 13))
        #expect(stored.trend.filter { $0.verdict == .error }.count == 1)
        #expect(stored.trend.map(\.startedAt) == stored.trend.map(\.startedAt).sorted())
    }

    private func check(texts number: Int) throws {
        switch number {
        case 5:
            #expect(try page("summary.md").contains("- since last: 2 new, 0 persisting, 0 healed"))
            #expect(try !page("summary.md").contains("the same"))
        case 8:
            let firstNight = UTCTime(millisecondsSince1970: 1_700_000_000_000 + 5 * 86_400_000).day
            #expect(try page("summary.md").contains("- standing: the same 2 findings as in the last 3 runs, since \(firstNight)"))
            #expect(try page("index.html").contains("The same 2 findings as in the last 3 runs, since \(firstNight)"))
        case 9:
            #expect(try page("summary.md").contains("- since last: 1 new, 1 persisting, 1 healed"))
            // User 4 is known since the fifth night, user 7 since this one.
            let seen = try firstSeen()
            #expect(try #require(seen["7"]).millisecondsSince1970 - #require(seen["4"]).millisecondsSince1970 >= 4 * 86_400_000)
        case 12: #expect(try page("index.html").contains("Safe: every one of 20 users made it across"))
        case 15: #expect(try page("summary.md").contains("No verdict: "))
        case 20:
            // What healed and came back is new again, and dated anew.
            let report = try ReportStore(directory: directory.path).load(.latest).report
            #expect(try firstSeen() == ["3": report.startedAt])
        case 32:
            #expect(try page("summary.md").contains("×"))
            #expect(try page("summary.md").contains("1 finding now; most 2, in 30 runs since "))
            let front = try String(contentsOfFile: directory.path + "/index.html", encoding: .utf8)
            #expect(front.components(separatedBy: "/index.html\">20").count - 1 == 32 + 1)
        default: break
        }
    }

    private func firstSeen() throws -> [String: UTCTime] {
        let findings = try ReportStore(directory: directory.path).load(.latest).findings()
        var seen: [String: UTCTime] = [:]
        while let line = try findings.next() { seen[line.user.text] = line.firstSeen }
        return seen
    }
}
