/// HTML that is safe to write: what stands in a literal was written here, and every text that is put into it is escaped.
///
/// ```swift
/// let row: Markup = "<td title=\"\(user)\">\(user)</td>"
/// ```
///
/// The escaped form is right between tags and inside quoted attributes, and control characters are written out, so that foreign
/// text can neither add markup nor reorder what stands beside it. It is *not* right within a script: see ``json(_:)``.
struct Markup: Sendable, ExpressibleByStringInterpolation, ExpressibleByStringLiteral {
    private(set) var html: String

    init(stringLiteral value: String) { html = value }
    init(stringInterpolation: StringInterpolation) { html = stringInterpolation.html }
    private init(html: String) { self.html = html }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var html = ""

        init(literalCapacity: Int, interpolationCount: Int) { html.reserveCapacity(literalCapacity) }
        mutating func appendLiteral(_ literal: String) { html += literal }
        mutating func appendInterpolation(_ markup: Markup) { html += markup.html }
        mutating func appendInterpolation(_ parts: [Markup]) { for part in parts { html += part.html } }
        mutating func appendInterpolation(_ text: String) { html += Markup.escaped(text) }
        mutating func appendInterpolation(_ text: Substring) { html += Markup.escaped(String(text)) }
        mutating func appendInterpolation(_ number: some BinaryInteger) { html += "\(number)" }
        /// A coordinate or a share, to a tenth.
        mutating func appendInterpolation(_ number: Double) { html += Markup.decimal(number) }
    }

    /// Bytes that are a part of this program: a style sheet or a script.
    static func own(_ bytes: [UInt8]) -> Markup { Markup(html: String(decoding: bytes, as: UTF8.self)) }

    /// JSON for the inside of a `script` element that is data. No `<` is left in it, so that nothing can end the element or begin a
    /// comment; JSON reads `\u003c` as the same character, which can only stand inside a string.
    static func json(_ json: [UInt8]) -> Markup {
        Markup(html: PlainText.replacing("<", in: String(decoding: json, as: UTF8.self), with: "\\u003c"))
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in PlainText.visible(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func decimal(_ number: Double) -> String {
        guard number.isFinite else { return "0" }
        let tenths = Int((number * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        return sign + "\(tenths.magnitude / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths.magnitude % 10)")
    }
}

extension Optional where Wrapped == Markup {
    /// Nothing where there is nothing.
    var orNothing: Markup { self ?? "" }
}
