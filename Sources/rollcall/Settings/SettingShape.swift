import Domain

/// What values of a setting look like: how they are read, what a message says they should have been, how they are shown.
struct SettingShape<Value: Sendable>: Sendable {
    /// What is expected, as it stands in "… has to be …": `an integer from 1 to 65535`.
    let expectation: String
    let form: SettingForm
    /// Reads a value, or appends what is wrong with it and returns nil.
    let decode: @Sendable (_ node: SettingsNode, _ key: String, _ problems: inout [SettingsProblem]) -> Value?
    /// The value as JSON, for `config show` and the documented example; null stands for "not set".
    let render: @Sendable (Value) -> JSONValue

    /// The same shape, where nothing may also be said at all.
    var orAbsent: SettingShape<Value?> {
        SettingShape<Value?>(
            expectation: expectation, form: form,
            decode: { node, key, problems in decode(node, key, &problems).map { .some($0) } },
            render: { $0.map(render) ?? .null })
    }
}

/// Whether a value is one text, several named ones, or a list.
enum SettingForm: Sendable {
    case scalar
    /// Members are settings of their own, and can be given one by one; the closure turns the end of an environment variable's
    /// name into the member's name (`LINGER_MS` → `linger.ms`).
    case mapping(memberName: @Sendable (String) -> String)
    /// Can only be given in the file.
    case list
}

extension SettingShape {
    /// A shape read from one text.
    static func scalar(
        _ expectation: String, render: @escaping @Sendable (Value) -> JSONValue,
        parse: @escaping @Sendable (String) -> Value?
    ) -> SettingShape {
        SettingShape(
            expectation: expectation, form: .scalar,
            decode: { node, key, problems in
                if case .scalar(let text) = node.content, let value = parse(text) { return value }
                problems.append(
                    SettingsProblem(origin: node.origin, key: key, message: "has to be \(expectation), not \(node.kindName)"))
                return nil
            },
            render: render)
    }
}

extension SettingShape where Value == String {
    /// Any text but the empty one.
    static var text: SettingShape {
        scalar("text", render: { .string($0) }, parse: { $0.isEmpty ? nil : $0 })
    }

    /// One of a few words.
    static func choice(_ words: [String]) -> SettingShape {
        let list = words.dropLast().joined(separator: ", ") + (words.count > 1 ? " or " : "") + (words.last ?? "")
        return scalar(list, render: { .string($0) }, parse: { words.contains($0) ? $0 : nil })
    }

    /// A path. A relative one in the file counts from the file's directory, so that a command means the same from wherever
    /// it is called; one in the environment or on the command line counts from the working directory.
    static var path: SettingShape {
        SettingShape(
            expectation: "a path", form: .scalar,
            decode: { node, key, problems in
                guard case .scalar(let text) = node.content, !text.isEmpty else {
                    problems.append(
                        SettingsProblem(origin: node.origin, key: key, message: "has to be a path, not \(node.kindName)"))
                    return nil
                }
                guard case .file(let file, _, _) = node.origin, !text.hasPrefix("/"), let slash = file.lastIndex(of: "/")
                else { return text }
                return file[...slash] + (text.hasPrefix("./") ? String(text.dropFirst(2)) : text)
            },
            render: { .string($0) })
    }

    /// A Kafka topic's name, by Kafka's own rule.
    static var topic: SettingShape {
        scalar("a topic name (letters, digits, `.`, `_` and `-`, at most 249)", render: { .string($0) }) { text in
            let isLegal = text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
            return isLegal && !text.isEmpty && text.utf8.count <= 249 && text != "." && text != ".." ? text : nil
        }
    }

    /// Where a server listens: `9464` is a port of the loopback interface, `0.0.0.0:9464` is open to the network.
    static var listenAddress: SettingShape {
        scalar("a port, or an IPv4 address and a port such as 127.0.0.1:9464", render: { .string($0) }) { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2, let port = parts.last, UInt16(port) != nil else { return nil }
            guard parts.count == 2 else { return "127.0.0.1:\(port)" }
            let octets = parts[0].split(separator: ".", omittingEmptySubsequences: false)
            guard octets.count == 4, octets.allSatisfy({ UInt8($0) != nil }) else { return nil }
            return text
        }
    }

    /// The address of an HTTP service. Credentials in it would be a secret given inline.
    static var url: SettingShape {
        url(credentialsBelongIn: "mapping.bearer_token_file or a `_file` member of mapping.headers")
    }

    /// The same, for a service whose credentials belong in other settings.
    static func url(credentialsBelongIn settings: String) -> SettingShape {
        SettingShape(
            expectation: "an http:// or https:// address", form: .scalar,
            decode: { node, key, problems in
                guard case .scalar(let text) = node.content,
                    let scheme = ["http://", "https://"].first(where: text.lowercased().hasPrefix), text.count > scheme.count
                else {
                    problems.append(
                        SettingsProblem(
                            origin: node.origin, key: key,
                            message: "has to be an http:// or https:// address, not \(node.kindName)"))
                    return nil
                }
                if text.dropFirst(scheme.count).prefix(while: { $0 != "/" && $0 != "?" }).contains("@") {
                    problems.append(
                        SettingsProblem(
                            origin: node.origin, key: key,
                            message: "holds a user name or password, which is a secret given inline; use \(settings)"))
                    return nil
                }
                return text
            },
            render: { .string($0) })
    }
}

extension SettingShape where Value == String {
    /// A reference to a secret that Kafka Connect's worker looks up by itself; never the secret.
    static var reference: SettingShape {
        scalar("a reference such as ${file:/path:key}, not the secret itself", render: { .string($0) }) { text in
            text.hasPrefix("${") && text.hasSuffix("}") ? text : nil
        }
    }
}

extension SettingShape where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> SettingShape {
        scalar("an integer from \(range.lowerBound) to \(range.upperBound)", render: { .number($0) }) { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// A size in bytes: `64MB`, `16MiB`, `1048576`.
    static func size(_ range: ClosedRange<Int>) -> SettingShape {
        scalar(
            "a size such as 64MB or 16MiB, from \(byteSize(range.lowerBound)) to \(byteSize(range.upperBound))",
            render: { .string(byteSize($0)) }
        ) { text in
            parseByteSize(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension SettingShape where Value == Double {
    /// A time in seconds; fractions are welcome.
    static func seconds(_ range: ClosedRange<Double>) -> SettingShape {
        number("a number of seconds from \(plain(range.lowerBound)) to \(plain(range.upperBound))", range)
    }

    /// A number per second.
    static func rate(_ range: ClosedRange<Double>) -> SettingShape {
        number("a number from \(plain(range.lowerBound)) to \(plain(range.upperBound))", range)
    }

    private static func number(_ expectation: String, _ range: ClosedRange<Double>) -> SettingShape {
        scalar(expectation, render: { .number(plain($0)) }) { text in
            // Double would also read `nan`, `inf` and hexadecimal.
            guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".") }),
                let value = Double(text), range.contains(value)
            else { return nil }
            return value
        }
    }
}

extension SettingShape where Value == Bool {
    /// YAML's words for yes and no.
    static var boolean: SettingShape {
        scalar("true or false", render: { .bool($0) }) { text in
            switch text.lowercased() {
            case "true", "yes", "on": true
            case "false", "no", "off": false
            default: nil
            }
        }
    }
}

/// `5` for 5.0, `0.5` for 0.5.
private func plain(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? String(Int(number)) : String(number)
}

private let byteUnits: [(name: String, bytes: Int)] = [
    ("GiB", 1 << 30), ("GB", 1_000_000_000), ("MiB", 1 << 20), ("MB", 1_000_000), ("KiB", 1 << 10), ("kB", 1_000), ("B", 1),
]

/// The largest unit that shows the size without a fraction.
func byteSize(_ bytes: Int) -> String {
    guard bytes > 0, let unit = byteUnits.first(where: { bytes % $0.bytes == 0 }) else { return "\(bytes)B" }
    return "\(bytes / unit.bytes)\(unit.name)"
}

/// The bytes that `64MB`, `64 mb` or `64000000` stand for.
func parseByteSize(_ text: String) -> Int? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let unit = text.dropFirst(digits.count).trimmingPrefix(while: \.isWhitespace)
    guard let number = Int(digits) else { return nil }
    if unit.isEmpty { return number }
    guard let factor = byteUnits.first(where: { $0.name.lowercased() == unit.lowercased() })?.bytes else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : bytes
}
