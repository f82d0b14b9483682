import Domain
import Glibc
import Testing

@testable import Report

@Suite("Text that was made to do harm")
struct HostileTextTests {
    @Test(
        "A cell is quoted as RFC 4180 has it, and is no formula",
        arguments: [
            ("42", "42"), ("-5", "-5"), ("--all", "\"'--all\""), ("=1+1", "\"'=1+1\""), ("+49", "\"'+49\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""), ("\t=1", "\"'\t=1\""), (" =1", "\"' =1\""), ("＝1", "\"'＝1\""), ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""), ("a\nb", "\"a\nb\""), ("a\r\nb", "\"a\r\nb\""), ("a\u{0}b", "a\\u{0}b"),
            ("\u{1b}[2J", "\\u{1b}[2J"), ("😀", "😀"), ("-9223372036854775809", "\"'-9223372036854775809\""), ("", ""),
        ])
    func cells(text: String, cell: String) {
        #expect(CSV.cell(text).utf8.elementsEqual(cell.utf8))
    }

    @Test("Every row has as many cells as the header, whoever the user is", arguments: hostileIDs)
    func rows(user: String) throws {
        let row = CSV.row(try Sample.line(user, fields: ["a,b", "=c"]))
        #expect(cells(of: row) == CSV.columns.count)
    }

    @Test("No id gives a terminal an order", arguments: hostileIDs)
    func terminal(user: String) throws {
        var tally = FindingTally()
        tally.add(try Sample.line(user, fields: ["\u{1b}[31m"]))
        var report = try Sample.healthy()
        report.notes = ["about \(user)"]
        report.adopt(tally)
        report.conclude(failure: nil)
        let text = TerminalSummary(report, path: "reports/\(user)").text
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !PlainText.isUnsafe($0) })
        // An id cannot add a line of its own, which could pass for the verdict.
        #expect(text.split(separator: "\n").filter { $0.hasPrefix("NOT safe") || $0.hasPrefix("Safe") }.count == 1)
    }

    @Test("No id breaks out of the table of a Markdown page", arguments: hostileIDs)
    func markdown(user: String) throws {
        var tally = FindingTally()
        tally.add(try Sample.line(user))
        var report = try Sample.healthy()
        report.adopt(tally)
        report.conclude()
        let lines = MarkdownSummary(report).text.split(separator: "\n", omittingEmptySubsequences: false)
        let row = try #require(lines.first { $0.contains("| aggregate | stale | `no_change_event_seen` |  |") })
        #expect(unescapedBars(row) == 7)
        #expect(!row.contains("<b>") || row.contains("`<b>`"))
    }

    @Test(
        "A code span is longer fenced than anything inside it",
        arguments: [
            ("42", "`42`"), ("`", "`` ` ``"), ("``x``", "``` ``x`` ```"), ("a|b", "`a\\|b`"), ("@admin", "`@admin`"),
        ])
    func codeSpans(text: String, code: String) {
        #expect(Markdown.code(text) == code)
    }

    @Test(
        "Free text in Markdown makes no link, no mention and no HTML",
        arguments: [
            ("<b>&amp;", "\\<b\\>\\&amp;"), ("[x](http://x)", "\\[x\\](http&#58;//x)"), ("ask @admin", "ask &#64;admin"),
            ("4242@binlog.000001:7", "4242@binlog.000001:7"), ("a\nb", "a\\\\u{a}b"),
        ])
    func freeText(text: String, escaped: String) {
        #expect(Markdown.escape(text) == escaped)
    }

    @Test(
        "A suggested command reaches the shell as one word per word",
        arguments: [
            ("42", "--user 42"), ("-5", "--user=-5"), ("--all", "--user=--all"), ("a b", "--user 'a b'"),
            ("$(reboot)", "--user '$(reboot)'"), ("a'b", "--user 'a'\\''b'"), ("a\nb", "--user $'a\\nb'"),
            ("\u{1b}1'", "--user $'\\0331\\''"), ("😀", "--user '😀'"),
        ])
    func commands(user: String, words: String) throws {
        #expect(Commands().repair(UserID(user), run: try Sample.run()) == "rollcall repair --run 20261122T080000Z-4f2a \(words)")
    }

    @Test("An id whose dash carries an accent is no option either, whoever suggests the command")
    func accentedDash() throws {
        let user = UserID("-\u{301}x")
        #expect(Commands().repair(user)?.unicodeScalars.contains("=") == true)
        #expect(Commands().repair(user, run: try Sample.run()).unicodeScalars.contains("="))
    }

    @Test("A real shell reads back the id, byte for byte", arguments: hostileIDs.filter { !$0.utf8.contains(0) })
    func shell(user: String) throws {
        let scratch = try Scratch()
        let command = Commands().repair(UserID(user), run: try Sample.run())
        try scratch.write("printf '%s\\0' \(command)", to: "script")
        let stream = try #require(popen("bash \(scratch.path)/script", "r"))
        var output = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&output, 1, output.count, stream)
        #expect(pclose(stream) == 0)
        let words = output.prefix(count).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        let user = Array(user.utf8)
        let expected = user.first == UInt8(ascii: "-") ? [Array("--user=".utf8) + user] : [Array("--user".utf8), user]
        #expect(words.dropFirst(4).map { Array($0.utf8) } == expected)
    }

    @Test("An id that no argument can hold is repaired with its run")
    func nulInCommand() throws {
        #expect(Commands().repair(UserID("a\u{0}"), run: try Sample.run()) == "rollcall repair --run 20261122T080000Z-4f2a")
        #expect(Commands().explain(UserID("a\u{0}")) == nil)
    }

    @Test("The settings file follows the command's name in every suggestion")
    func globalOptions() throws {
        let commands = Commands(globalOptions: ["--config", "/tmp/my stack/rollcall.yaml"])
        #expect(commands.explain(UserID("-5")) == "rollcall explain --config '/tmp/my stack/rollcall.yaml' -- -5")
        #expect(commands.parkedList == "rollcall parked list --config '/tmp/my stack/rollcall.yaml'")
    }

    /// Cells of one CSV record, counted by the rules of RFC 4180.
    private func cells(of row: String) -> Int {
        var count = 1
        var isQuoted = false
        for scalar in row.unicodeScalars {
            if scalar == "\"" { isQuoted.toggle() }
            if scalar == ",", !isQuoted { count += 1 }
        }
        return isQuoted ? -1 : count
    }

    private func unescapedBars(_ row: Substring) -> Int {
        var count = 0
        var previous: Unicode.Scalar = " "
        for scalar in row.unicodeScalars {
            if scalar == "|", previous != "\\" { count += 1 }
            previous = scalar
        }
        return count
    }
}
