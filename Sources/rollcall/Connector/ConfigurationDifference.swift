import Domain

/// How a connector's configuration differs from the one that it should have.
struct ConfigurationDifference: Sendable, Equatable {
    struct Line: Sendable, Equatable {
        var name: String
        /// What is in force; nil where the property is not set.
        var old: String?
        /// What it should be; nil where the property should not be set.
        var new: String?
    }

    var lines: [Line]

    init(from old: ConnectorConfiguration, to new: ConnectorConfiguration) {
        let names = Set(old.properties.keys).union(new.properties.keys).sorted()
        lines = names.compactMap { name in
            old[name] == new[name] ? nil : Line(name: name, old: old[name], new: new[name])
        }
    }

    var isEmpty: Bool { lines.isEmpty }

    /// As `diff` shows it: `-` for what goes, `+` for what comes. Secrets are only said to differ.
    var text: String {
        lines.flatMap { line -> [String] in
            [
                line.old.map { "- \(line.name): \(Self.shown(line.name, $0))" },
                line.new.map { "+ \(line.name): \(Self.shown(line.name, $0))" },
            ].compactMap { $0 }
        }.map { $0 + "\n" }.joined()
    }

    var json: JSONValue {
        .array(
            lines.map { line in
                [
                    "property": .string(line.name), "old": .string(line.old.map { Self.shown(line.name, $0) }),
                    "new": .string(line.new.map { Self.shown(line.name, $0) }),
                ]
            })
    }

    private static func shown(_ name: String, _ value: String) -> String {
        ConnectorConfiguration.hidesValue(of: name, value) ? redacted : value
    }
}
