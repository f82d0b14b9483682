import Domain
import Testing

@Suite("The key of a request for a replay")
struct ReplayKeyTests {
    @Test("comes back from its text")
    func roundTrip() {
        let key = ReplayKey(requestID: "1700000000000-00c0ffee")
        #expect(key.text == "replay/1700000000000-00c0ffee")
        #expect(ReplayKey(Array(key.text.utf8)) == key)
    }

    @Test(
        "is no key of what else belongs to the request, nor anything else",
        arguments: ["", "replay", "replay/", "replay/1/users/0", "replay/1/seen/4711@host", "retry/1", "\u{FFFD}/1"])
    func others(text: String) {
        #expect(ReplayKey(Array(text.utf8)) == nil)
    }

    @Test("is not read from bytes that are no text")
    func bytes() {
        #expect(ReplayKey([0xFF, 0x2F, 0x31]) == nil)
    }
}
