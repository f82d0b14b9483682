import Domain
import Foundation
import Report
import Synchronization
import Testing

@testable import rollcall

@Suite("A webhook is told of changes, and of nothing else", .timeLimit(.minutes(15)))
struct NotificationTests {
    private let fourteen = (1...14).map { "lost-\($0)" }

    @Test("A month of nights: findings appear, persist and heal; each message says what is new and what is the same")
    func month() throws {
        let world = try NightlyWorld()
        for day in 1...4 { #expect(try world.night(day, .found([])).told.isEmpty, "clean from the start is no news") }

        let fifth = try world.night(5, .found(fourteen))
        #expect(fifth.event == "verdict")
        #expect(fifth.text.contains("NOT safe to cut over: 14 missing"))
        #expect(fifth.text.contains("14 differences, all of them new"))
        #expect(fifth.text.contains("Next: rollcall repair --run"))
        #expect(fifth.delta == Delta(new: 14, persisting: 0, healed: 0))
        for day in 6...7 {
            let night = try world.night(day, .found(fourteen))
            #expect(night.told.isEmpty, "the same users are no news")
            #expect(night.delta == Delta(new: 0, persisting: 14, healed: 0))
        }
        let eighth = try world.night(8, .found(fourteen + ["late-1", "late-2"]))
        #expect(eighth.event == "findings")
        #expect(eighth.text.contains("2 new, 14 as told before (since 2026-11-06, day 4)"), "\(eighth.text)")
        #expect(eighth.told.last?["rollcall"]?["new"] == 2)

        // A night without a verdict is news once; and when it is over, the users are the same as before.
        #expect(try world.night(9, .failed).event == "verdict")
        #expect(try world.night(10, .failed).told.isEmpty)
        let eleventh = try world.night(11, .found(fourteen + ["late-1", "late-2"]))
        #expect(eleventh.event == "verdict")
        #expect(eleventh.told.last?["rollcall"]?["previous_verdict"] == "error")
        #expect(eleventh.text.contains("the same 16 differences as told before (since 2026-11-06, day 7)"), "\(eleventh.text)")

        let twelfth = try world.night(12, .found(Array(fourteen.prefix(3))))
        #expect(twelfth.event == "findings")
        #expect(twelfth.text.contains("3 differences, none of them new (since 2026-11-06, day 8)"))
        #expect(twelfth.text.contains("13 differences healed"))
        #expect(try world.night(13, .unfinished).event == "verdict")
        #expect(try world.night(14, .unfinished).told.isEmpty)
        let healed = try world.night(15, .found([]))
        #expect(healed.event == "verdict")
        #expect(healed.told.last?["rollcall"]?["verdict"] == "clean")
        #expect(healed.delta?.healed == 3)
        for day in 16...29 { #expect(try world.night(day, .found([])).told.isEmpty) }
        let again = try world.night(30, .found(["lost-1"]))
        #expect(again.text.contains("1 difference, all of them new"), "who healed and comes back is new")
    }

    @Test("A message names no user, and no secret of the address is in anything that is said or kept")
    func privacy() throws {
        let world = try NightlyWorld()
        let night = try world.night(1, .found(["needle-4711"]))
        #expect(!night.told.description.contains("needle"))
        let state = try String(contentsOfFile: world.directory.path + "/reports/notified.json", encoding: .utf8)
        #expect(!state.contains("needle") && !state.contains("secret"))
        #expect(!(try String(contentsOfFile: world.textfile, encoding: .utf8)).contains("needle"))
    }

    @Test("What could not be delivered is told by the next run, although nothing has changed since")
    func lateDelivery() throws {
        let world = try NightlyWorld()
        world.setServerDown(true)
        #expect(try world.night(1, .found(fourteen)).told.isEmpty)
        #expect(try world.night(2, .found(fourteen)).told.isEmpty)
        world.setServerDown(false)
        let third = try world.night(3, .found(fourteen))
        #expect(third.event == "verdict")
        #expect(third.told.count == 1)
        #expect(try world.night(4, .found(fourteen)).told.isEmpty)
    }

    @Test("Trouble that persists is repeated where the settings ask for it, and said to be the same")
    func reminder() throws {
        let world = try NightlyWorld(reminderDays: 2)
        let events = try (1...6).map { try world.night($0, .found(fourteen)) }
        #expect(events.map(\.event) == ["verdict", nil, "reminder", nil, "reminder", nil])
        #expect(events[2].text.contains("the same 14 differences as told before (since 2026-11-02, day 3)"), "\(events[2].text)")
        #expect(try world.night(7, .found([])).event == "verdict")
        #expect(try world.night(20, .found([])).told.isEmpty, "nobody is reminded of a clean run")
    }

    @Test("Characters of Slack's markup are escaped")
    func markup() throws {
        let notice = try #require(Notice(Standing(failedAt: UTCTime(millisecondsSince1970: 0)), told: nil, reminderDays: 0))
        let text = notice.body(failure: "<!channel> a & b\u{1B}[2J")["text"]?.text ?? ""
        #expect(text.hasSuffix("No verdict: &lt;!channel&gt; a &amp; b\\u{1b}[2J"))
    }
}

@Suite("The webhook's request", .timeLimit(.minutes(15)))
struct WebhookTests {
    @Test("is JSON with a bearer token; a server that fails for a moment is asked again, one that refuses is not")
    func requests() throws {
        let answers = [503, 429, 200]
        let seen = Seen()
        let server = try LoopbackHTTP { request in
            let number = seen.add(request)
            return .init(status: number < answers.count ? answers[number] : 400, body: [])
        }
        defer { server.stop() }
        var webhook = Webhook(url: server.url + "/hook", token: "t0ken")
        webhook.pauses = [0, 0]
        try webhook.send(["text": "hello"])
        #expect(seen.requests.count == 3)
        let last = try #require(seen.requests.last)
        #expect(last.method == "POST" && last.path == "/hook")
        #expect(last.headers["content-type"] == "application/json")
        #expect(last.headers["authorization"] == "Bearer t0ken")
        #expect(try JSONValue(parsing: last.body) == ["text": "hello"])
        #expect(throws: CommandError.self) { try webhook.send(["text": "again"]) }
        #expect(seen.requests.count == 4, "a 400 stays a 400")
    }

    @Test("ends after three attempts, and its error names the host and not the path")
    func failure() throws {
        let seen = Seen()
        let server = try LoopbackHTTP { request in
            _ = seen.add(request)
            return .init(status: 500, body: [])
        }
        var webhook = Webhook(url: server.url + "/services/T000/secret", token: nil)
        webhook.pauses = [0, 0]
        let error = #expect(throws: CommandError.self) { try webhook.send(["text": "x"]) }
        #expect(seen.requests.count == 3)
        #expect(error?.description == "\(server.url): answered 500, after 3 of 3 attempts; the next run tries again")
        server.stop()
        let refused = #expect(throws: CommandError.self) { try webhook.send(["text": "x"]) }
        #expect(refused?.description.contains("secret") == false)
    }

    @Test(
        "An address that would show a password in the list of processes is refused as an argument",
        arguments: [
            ("https://hooks.example.com/a", true), ("https://u:p@hooks.example.com/a", false), ("ftp://x", false),
            ("@/etc/hook", true), ("https://hooks.example.com/a@b", true),
        ])
    func arguments(text: String, isAccepted: Bool) {
        #expect(((try? AnnouncementOptions.parse(["--notify", text])) != nil) == isAccepted)
    }
}

/// The requests that a server has seen.
private final class Seen: Sendable {
    private let all = Mutex<[LoopbackHTTP.Request]>([])

    /// - Returns: How many came before it.
    func add(_ request: LoopbackHTTP.Request) -> Int {
        all.withLock {
            $0.append(request)
            return $0.count - 1
        }
    }

    var requests: [LoopbackHTTP.Request] { all.withLock { $0 } }
}
