import Domain
import Foundation
import Testing

@testable import Report

@Suite("The page of a run, in a browser", .browser, .serialized)
struct RunPageTests {
    private let scratch: Scratch
    private let browser: Browser
    private let page: String

    init() throws {
        scratch = try Scratch()
        browser = try #require(Browser.current)
        page = try SampleRuns.write(findings: 17, in: scratch.path) + "/index.html"
    }

    private func rows() throws -> [String] {
        let script =
            "return [...document.querySelectorAll('#rows tr.line')].map(r => [...r.cells].map(c => c.innerText.trim()).join('|'))"
        guard case .array(let rows) = try browser.run(script) else { return [] }
        return rows.compactMap(\.text)
    }

    @Test("shows the first screen in the order of all forms, complains about nothing and loads nothing")
    func firstScreen() throws {
        try browser.open(page)
        #expect(
            try browser.text("document.querySelector('h1').innerText")
                == "NOT safe to cut over: 11 missing, 5 stale, 1 extra of 4,210,331 users, 100 % scanned")
        let titles = try browser.text("[...document.querySelectorAll('h2')].map(h => h.textContent).join()")
        #expect(
            titles
                == "Coverage,As of,Since the last run,Causes,Where they cluster,How long they have been stale,Notes,Next,Findings,The run itself"
        )
        #expect(try rows().count == 17)
        #expect(try browser.complaints().isEmpty)
        #expect(try browser.requests() == ["file://\(page)"])
    }

    @Test("could load and run nothing, even if foreign markup were in it")
    func policy() throws {
        try browser.open(page)
        let outcome = try browser.wait(
            """
            const done = arguments[0];
            const blocked = new Set();
            document.addEventListener("securitypolicyviolation", (event) => {
              blocked.add(event.effectiveDirective);
              if (blocked.size === 4) done([...blocked].sort().join() + " " + String(window.harm));
            });
            const script = document.createElement("script");
            script.textContent = "window.harm = 1";
            document.body.append(script);
            const image = document.createElement("img");
            image.setAttribute("onerror", "window.harm = 2");
            image.src = "https://example.org/x.png";
            document.body.append(image);
            fetch("https://example.org/").catch(() => {});
            """)
        #expect(outcome == "connect-src,img-src,script-src-attr,script-src-elem undefined")
    }

    @Test("filters by what is typed and chosen, says how many are left, and keeps the view in the address")
    func filter() throws {
        try browser.open(page)
        try browser.click("#q")
        try browser.press("email")
        #expect(try rows().count == 5)
        #expect(try browser.text("document.querySelector('#shown').innerText") == "5 of 17 findings")
        #expect(try browser.text("location.hash") == "#q=email")
        try browser.run(
            "const s = document.querySelector('#f-cause'); s.value = 'parked:bad_row'; s.dispatchEvent(new Event('input', {bubbles: true}))"
        )
        #expect(try rows().allSatisfy { $0.contains("|parked:bad_row|") })
        #expect(try rows().count == 2)
        try browser.click("#filter button[type=reset]")
        let left = try browser.wait("setTimeout(() => arguments[0](document.querySelectorAll('#rows tr.line').length), 0)")
        #expect(left == 17)
        #expect(try browser.text("location.hash") == "")
    }

    @Test(
        "opens the view of a link",
        arguments: [
            ("#stage=god&cause=produced_then_absent", 2), ("#kind=stale", 5), ("#partition=7&kind=missing", 9),
            ("#q=no-such-user", 0),
            ("#stage=%3Cscript%3E", 0), ("#new=1", 6),
        ])
    func link(fragment: String, count: Int) throws {
        try browser.open(page, fragment: fragment)
        #expect(try rows().count == count)
        #expect(try browser.complaints().isEmpty)
    }

    @Test("leads from a cause to its findings")
    func bucketLink() throws {
        try browser.open(page)
        try browser.click(".buckets li:last-child a")
        let shown = try browser.wait("setTimeout(() => arguments[0](document.querySelector('#shown').innerText), 0)")
        #expect(shown == "2 of 17 findings")
        #expect(try rows().allSatisfy { $0.contains("|god|missing|produced_then_absent|") })
    }

    @Test("tells what is known about one user: fields, digests, positions, timeline, commands")
    func user() throws {
        let user = try #require(rows(of: "aggregate", "stale").first)
        try browser.open(page, fragment: "#user=\(user)")
        let panel = try browser.text("document.querySelector('.panel').innerText")
        for part in [
            "User \(user)", "Stale at stage aggregate", "email", "00000000000000ab", "4242@binlog.000001:12345",
            "partition 1, offset 9", "by this run", "rollcall repair --run 20261122T080000Z-4f2a --user \(user)",
            "rollcall explain \(user)",
        ] {
            #expect(panel.contains(part), "\(part) is missing")
        }
    }

    private func rows(of stage: String, _ kind: String) throws -> [String] {
        try browser.open(page)
        return try rows().filter { $0.contains("|\(stage)|\(kind)|") }.map { String($0.prefix { $0 != "|" }) }
    }

    @Test("sorts numbers as numbers, and the other way round at the second click")
    func sort() throws {
        try browser.open(page)
        try browser.click("th[data-key=user] button")
        let ascending = try rows().compactMap { Int($0.prefix { $0 != "|" }) }
        #expect(ascending.count == 17 && ascending == ascending.sorted())
        #expect(try browser.text("document.querySelector('th[data-key=user]').getAttribute('aria-sort')") == "ascending")
        try browser.click("th[data-key=user] button")
        #expect(try rows().compactMap { Int($0.prefix { $0 != "|" }) } == ascending.reversed())
    }

    @Test("can be used with a keyboard alone")
    func keyboard() throws {
        try browser.open(page)
        try browser.press("\u{E004}")
        #expect(try browser.text("document.activeElement.textContent") == "Skip to the report")
        try browser.run("document.querySelector('#rows button').focus()")
        try browser.press("\u{E007}")
        #expect(try browser.text("document.querySelector('#rows button').ariaExpanded") == "true")
        #expect(try browser.text("document.activeElement === document.querySelector('#rows button')") == "true")
        try browser.press("\u{E004}")
        #expect(try browser.text("document.activeElement.className") == "copy")
        try browser.run("document.querySelector('#rows button').focus()")
        try browser.press(" ")
        #expect(try browser.text("document.querySelectorAll('.panel').length") == "0")
    }

    @Test("follows the system's colours, until the reader chooses")
    func colours() throws {
        func isDark() throws -> Bool {
            try browser.text("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"
        }
        try browser.open(page, scheme: "dark")
        #expect(try isDark())
        try browser.click("#theme")
        #expect(try !isDark())
        try browser.open(page, scheme: "dark")
        #expect(try !isDark(), "the choice is remembered")
        try browser.run("localStorage.clear()")
        try browser.open(page, scheme: "light")
        #expect(try !isDark())
    }

    @Test("copies a command")
    func copy() throws {
        try browser.open(page)
        try browser.click(".buckets .copy")
        let label = try browser.wait(
            "const b = document.querySelector('.buckets .copy'); const look = () => b.textContent === 'Copy' ? setTimeout(look, 5) : arguments[0](b.textContent); look()"
        )
        #expect(label == "Copied")
    }

    @Test("fits a phone, and leaves the controls off the paper")
    func phoneAndPaper() throws {
        try browser.open(page, fragment: "#user=1200006", width: 390, height: 844)
        #expect(try browser.run("return document.documentElement.scrollWidth") == 390)
        try browser.prefer(scheme: "light", media: "print")
        #expect(try browser.text("getComputedStyle(document.querySelector('#filter')).display") == "none")
        #expect(try browser.text("getComputedStyle(document.querySelector('.copy')).display") == "none")
    }

    @Test("keeps to the rules of accessibility, in both themes, wide and narrow", arguments: ["light", "dark"])
    func accessibility(scheme: String) throws {
        for (path, fragment, width) in [
            (page, "#user=1200006", 1_200), (page, "", 390), (scratch.path + "/index.html", "", 1_200),
        ] {
            try browser.open(path, fragment: fragment, width: width, scheme: scheme)
            let violations = try Accessibility.violations(browser).joined(separator: "\n")
            #expect(violations == "", "\(path) \(fragment)")
        }
    }
}

@Suite("Pages of unusual runs, in a browser", .browser, .serialized)
struct UnusualPageTests {
    private let scratch: Scratch
    private let browser: Browser

    init() throws {
        scratch = try Scratch()
        browser = try #require(Browser.current)
    }

    @Test("Without findings there is no table, and nothing to do")
    func clean() throws {
        let page = try SampleRuns.write(findings: 0, in: scratch.path) + "/index.html"
        try browser.open(page)
        #expect(
            try browser.text("document.querySelector('h1').innerText").hasPrefix(
                "Safe: every one of 4,210,331 users made it across"))
        #expect(try browser.text("document.querySelector('#findings')") == "null")
        #expect(try browser.text("document.querySelector('#next')") == "null")
        #expect(try browser.complaints().isEmpty)
        #expect(try Accessibility.violations(browser) == [])
    }

    @Test("What does not fit is counted, and said where it lies; every cause keeps findings")
    func large() throws {
        // More than fit: a page of a million findings carries as many.
        let page = try SampleRuns.write(findings: 16_000, in: scratch.path) + "/index.html"
        let size = try #require(FileManager.default.attributesOfItem(atPath: page)[.size] as? Int)
        #expect(size < 5_000_000)
        try browser.open(page)
        let omission = try browser.text("document.querySelector('#omission').innerText")
        let carried = try #require(omission.firstMatch(of: /carries ([\d,]+) of 16,000 findings/)?.1)
        #expect(omission.contains("findings.ndjson"))
        #expect(try browser.text("document.querySelector('#shown').innerText").hasPrefix("\(carried) findings on this page; "))
        for bucket in 0..<5 {
            let shown = try browser.run(
                "document.querySelectorAll('.buckets a')[arguments[0]].click(); return document.querySelectorAll('.buckets .big')[arguments[0]].innerText",
                .number(bucket))
            #expect(shown.text?.isEmpty == false)
            let left = try browser.wait("setTimeout(() => arguments[0](document.querySelectorAll('#rows tr.line').length), 0)")
            #expect(left == 50)
        }
        try browser.click("#more")
        #expect(try browser.text("document.querySelector('#page').innerText").hasPrefix("Page 2 of "))
        #expect(try browser.complaints().isEmpty)
    }

    @Test("Ids and notes made to do harm are shown as what they are")
    func hostile() throws {
        var report = try Sample.healthy()
        let writer = try ReportWriter(directory: scratch.path, runID: report.runID)
        let users =
            hostileIDs + [
                "</script><script>window.harm = 1</script>", "<!--<script>", "\"><img src=x onerror=\"window.harm = 2\">",
            ]
        for user in users {
            var line = try Sample.line(user, fields: [user, "=cmd|' /C calc'!A0"])
            line.values = [FieldValues(name: user, source: .string(user), topic: .string("<img src=x onerror=alert(1)>"))]
            try writer.add(line)
        }
        report.notes = users.map { "about \($0)" }
        report.source.server = users.last
        report.adopt(writer.tally)
        report.conclude()
        let page = try writer.finish(report) + "/index.html"
        try browser.open(page)
        #expect(try browser.text("window.harm") == "undefined")
        #expect(try browser.run("return document.querySelectorAll('#rows tr.line').length") == .number(users.count))
        #expect(try browser.run("return document.querySelectorAll('script, img, iframe, object, embed').length") == 2)
        #expect(
            try browser.run(
                "return /[\\u0000-\\u0008\\u000b-\\u001f\\u200b\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)")
                == false)
        try browser.run("for (const button of document.querySelectorAll('#rows button')) button.click()")
        #expect(try browser.text("window.harm") == "undefined")
        #expect(try browser.complaints().isEmpty)
        #expect(try browser.requests() == ["file://\(page)"])
    }
}
