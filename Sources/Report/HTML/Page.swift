/// The frame of every HTML page: one file that needs nothing else, and may load nothing else.
enum Page {
    private static let style = PackageResources.report_css
    private static let script = PackageResources.report_js

    /// Nothing may be loaded, sent or framed; the one style sheet and the one script are named by their hashes, so that even markup
    /// that slipped through all escaping could run nothing.
    private static let policy: String = {
        func hash(_ bytes: [UInt8]) -> String { "'sha256-\(base64(SHA256.digest(of: bytes)))'" }
        return "default-src 'none'; style-src \(hash(style)); script-src \(hash(script)); base-uri 'none'; form-action 'none'"
    }()

    /// A whole document; see ``frame(title:tone:home:body:)``.
    static func document(title: String, tone: String, home: Markup?, body: Markup) -> Markup {
        let (head, tail) = frame(title: title, tone: tone, home: home, body: body)
        return "\(head)\(tail)"
    }

    /// A document in two pieces, between which elements may stand such as the data of the script.
    ///
    /// - Parameters:
    ///   - tone: What colours the page: a verdict's code.
    ///   - home: The way to the list of runs; nil on that page itself.
    ///   - body: The content of the `main` element.
    static func frame(title: String, tone: String, home: Markup?, body: Markup) -> (head: Markup, tail: Markup) {
        let head: Markup = """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="\(raw: policy)">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="referrer" content="no-referrer">
            <meta name="robots" content="noindex">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <style>\(Markup.own(style))</style>
            </head>
            <body data-tone="\(tone)">
            <a class="skip" href="#main">Skip to the report</a>
            <header class="bar">
            <span class="mark"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M2 8.5 6 12.5 14 3.5"/></svg>Rollcall</span>
            <nav aria-label="Reports">\(home.orNothing)</nav>
            <button type="button" id="theme" hidden>Dark</button>
            </header>
            <main id="main" tabindex="-1">
            \(body)
            </main>

            """
        let tail: Markup = """

            <script>\(Markup.own(script))</script>
            </body>
            </html>

            """
        return (head, tail)
    }
}

extension Markup.StringInterpolation {
    /// The policy: written here, and full of quotes that an attribute in double quotes may hold.
    fileprivate mutating func appendInterpolation(raw policy: String) { appendLiteral(policy) }
}
