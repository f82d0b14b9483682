import Testing

@testable import HTTP

@Suite("Text in URLs")
struct URLTextTests {
    @Test(
        "is percent-encoded except for unreserved characters",
        arguments: [
            ("42", "42"), ("a-b_c.d~e", "a-b_c.d~e"), ("a b", "a%20b"), ("a/b?c#d&e=f+g", "a%2Fb%3Fc%23d%26e%3Df%2Bg"),
            ("100%", "100%25"), ("é", "%C3%A9"), ("🙂", "%F0%9F%99%82"), ("a\u{0}\n", "a%00%0A"), (",{}", "%2C%7B%7D"),
            (".", "%2E"), ("..", "%2E%2E"), ("...", "..."), ("", ""),
        ])
    func percentEncoding(text: String, encoded: String) {
        #expect(percentEncoded(text) == encoded)
    }

    @Test(
        "is shown without credentials, query values and fragment",
        arguments: [
            ("http://h/p", "http://h/p"), ("http://u:p@h:1/p", "http://h:1/p"), ("http://u:p@w@h/p@q", "http://h/p@q"),
            ("https://h/p?a=1&b=2&c", "https://h/p?a=…&b=…&…"), ("http://h?k=a=b", "http://h?k=…"),
            ("http://h/p#f?a=1", "http://h/p"),
            ("http://h/p?e=x@y", "http://h/p?e=…"), ("", ""), ("nonsense?x=1", "nonsense?x=…"),
        ])
    func redaction(url: String, shown: String) {
        #expect(redactedURL(url) == shown)
    }

    @Test(
        "names the same origin whatever its case and default port",
        arguments: [
            ("http://h/a", "HTTP://H:80/b", true), ("https://h/", "https://h:443/", true), ("http://h/", "https://h/", false),
            ("http://h/", "http://h:81/", false), ("http://h/", "http://h.x/", false), ("http://h/", "http://u@h/", true),
            ("http://[::1]:1/", "http://[::1]:1/x", true),
        ])
    func origins(left: String, right: String, areEqual: Bool) throws {
        let left = try #require(Origin(left))
        #expect((left == Origin(right)) == areEqual)
    }
}
