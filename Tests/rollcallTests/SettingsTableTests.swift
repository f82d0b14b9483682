import Testing

@testable import rollcall

@Suite("One table drives the file, its documentation and the listing")
struct SettingsTableTests {
    @Test("The documented example is a settings file without problems")
    func exampleLoads() throws {
        #expect(try TemporaryDirectory().problems(SettingsExample.text) == [])
    }

    @Test("The example with every commented setting switched on still has only known keys and right types")
    func everyCommentedLineIsASetting() throws {
        // A setting begins with one word and a colon; documentation is a sentence.
        let lines = SettingsExample.text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard let mark = line.firstRange(of: "# ") else { return String(line) }
            let rest = line[mark.upperBound...]
            let isMember = rest.hasPrefix("  ") && rest.contains(": ")
            let isSetting =
                rest.prefix(while: { $0.isLowercase || $0 == "_" }).endIndex < rest.endIndex
                && rest.drop(while: { $0.isLowercase || $0 == "_" }).hasPrefix(":")
            return isMember || isSetting ? String(line[..<mark.lowerBound] + rest) : String(line)
        }
        let found = try TemporaryDirectory().problems(lines.joined(separator: "\n"))
        let unexpected = found.filter { problem in
            // What the examples of secret files and of two ways to reach MySQL are bound to bring about.
            !problem.contains("No such file or directory") && !problem.contains("cannot be set together")
                && !problem.contains("has no effect while")
        }
        #expect(unexpected == [])
        let settings = SettingsTable.descriptors.filter { if case .secret = $0.secrecy { false } else { true } }
        for descriptor in settings {
            #expect(
                lines.contains { $0.trimmingPrefix(while: { $0 == " " }).hasPrefix(descriptor.name + ":") }, "\(descriptor.path)")
        }
    }

    @Test("Every key stands under its section, is documented, and has a variable of its own")
    func tableIsSound() {
        let sections = Set(SettingsTable.sections.map(\.path))
        for descriptor in SettingsTable.descriptors {
            let parent = descriptor.path.split(separator: ".").dropLast().joined(separator: ".")
            #expect(parent.isEmpty || sections.contains(parent), "\(descriptor.path)")
            #expect(descriptor.area != nil, "\(descriptor.path)")
            #expect(descriptor.summary.hasSuffix("."), "\(descriptor.path)")
            #expect(descriptor.isRequired ? descriptor.example != nil : true, "\(descriptor.path)")
        }
        let variables = SettingsTable.descriptors.map(\.environmentVariable)
        #expect(Set(variables).count == variables.count)
        #expect(SettingsTable.descriptors.count > 50)
    }

    @Test("The listing shows each value with its origin")
    func listing() throws {
        let settings = try TemporaryDirectory().load(
            completeYAML, environment: ["ROLLCALL_LEDGER_PATH": "l.sqlite"], set: [("kafka.properties.linger.ms", "5")])
        let rows = SettingsListing(settings).rows
        func row(_ key: String) -> SettingsListing.Row? { rows.first { $0.key == key } }
        #expect(row("ledger.path")?.value == "l.sqlite")
        #expect(row("ledger.path")?.origin == .environment("ROLLCALL_LEDGER_PATH"))
        #expect(row("source.mysql.port")?.value == 3306)
        #expect(row("source.mysql.port")?.origin == .builtIn)
        #expect(row("kafka.properties.linger.ms")?.origin == .flag("--set"))
    }

    @Test("The digest changes with the settings and not with where they were given")
    func digest() throws {
        let directory = try TemporaryDirectory()
        let plain = try directory.load(completeYAML).digest
        #expect(try directory.load("# a comment\n" + completeYAML).digest == plain)
        #expect(try directory.load(completeYAML, set: [("source.mysql.port", "3306")]).digest == plain)
        #expect(try directory.load(completeYAML, set: [("source.mysql.port", "3307")]).digest != plain)
    }

    @Test(
        "A hint names what was most likely meant, and nothing far-fetched",
        arguments: zip(
            ["source.qery", "sorce.query", "kafka.botostrap", "verify.chunkrows", "xyz"],
            ["source.query", "source.query", "kafka.bootstrap", "verify.chunk_rows", nil]))
    func hints(word: String, expected: String?) {
        #expect(closestMatch(to: word, among: SettingsTable.descriptors.map(\.path)) == expected)
    }
}
