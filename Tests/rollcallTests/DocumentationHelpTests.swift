import ArgumentParser
import Domain
import Foundation
import Testing
import Yams

@testable import rollcall

@Suite("The documentation says what the program does")
struct DocumentationHelpTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let catalogue = root.appendingPathComponent("Sources/rollcall/Documentation.docc")
    /// Comes with the toolchain; nil where it is not on the path.
    private static let docc = ProcessInfo.processInfo.environment["PATH", default: ""].split(separator: ":")
        .map { "\($0)/docc" }.first(where: FileManager.default.isExecutableFile)

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Written anew, like the help texts, by `ROLLCALL_WRITE_HELP=1 swift test --filter HelpTests`.
    @Test("The settings reference lists each key with its meaning, its default and its variable")
    func settingsReference() throws {
        let file = Self.catalogue.appendingPathComponent("SettingsReference.md")
        if ProcessInfo.processInfo.environment["ROLLCALL_WRITE_HELP"] != nil { try Data(Self.reference.utf8).write(to: file) }
        #expect(try String(contentsOf: file, encoding: .utf8) == Self.reference)
    }

    private static var reference: String {
        var lines = [
            "# Settings reference", "",
            "Every key of the settings file. `rollcall config example` prints the same as a file to begin with.", "",
            "The environment comes before the file, and `--set KEY=VALUE` before both: `source.mysql.port` is",
            "`ROLLCALL_SOURCE_MYSQL_PORT`. Relative paths in the file count from the file's directory. Unknown keys are refused.",
        ]
        for row in SettingsTable.rows {
            switch row {
            case .section(let section, _):
                lines += ["", "## \(section.path)", "", section.summary, "", "| key | default | what it is |", "|---|---|---|"]
            case .setting(let descriptor, let depth):
                if depth == 0 { lines += ["", "## \(descriptor.path)", "", "| key | default | what it is |", "|---|---|---|"] }
                lines.append("| `\(descriptor.path)` | \(initial(descriptor)) | \(cell(descriptor.summary)) |")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func initial(_ descriptor: any SettingDescriptor) -> String {
        if case .secret = descriptor.secrecy { return "only from `\(descriptor.environmentVariable)`" }
        guard let value = descriptor.defaultJSON else { return "**required**" }
        return value.isNull ? "none" : "`\(cell(value.text ?? value.description))`"
    }

    private static func cell(_ text: String) -> String {
        text.replacing("\n", with: " ").replacing("|", with: "\\|")
    }

    @Test("Every page can be reached, and DocC itself finds no broken link")
    func links() throws {
        let pages = try FileManager.default.contentsOfDirectory(atPath: Self.catalogue.path).filter { $0.hasSuffix(".md") }
        let start = try Self.text("Sources/rollcall/Documentation.docc/Documentation.md")
        for page in pages where page != "Documentation.md" {
            #expect(start.contains("<doc:\(page.dropLast(3))>"), "\(page) is in no list of topics")
            #expect(try Self.text("Sources/rollcall/Documentation.docc/\(page)").hasPrefix("# "), "\(page)")
        }
        // Where there is none, the lists above have to do.
        guard let docc = Self.docc else { return }
        let directory = try TemporaryDirectory()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: docc)
        process.arguments = [
            "convert", Self.catalogue.path, "--fallback-display-name", "rollcall", "--fallback-bundle-identifier", "rollcall",
            "--output-path", directory.path + "/out",
        ]
        let log = try directory.write("log", "")
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        process.waitUntilExit()
        let said = try String(contentsOfFile: log, encoding: .utf8)
        #expect(process.terminationStatus == 0 && !said.contains("warning:"), "\(said)")
    }

    @Test(
        "Each command that a page mentions exists",
        arguments: [
            "README.md", "reports/README.md", "scripts/systemd/README.md", "scripts/grafana/README.md",
            "Sources/rollcall/Documentation.docc/RunningIt.md", "Sources/rollcall/Documentation.docc/Privacy.md",
            "Sources/rollcall/Documentation.docc/RealServers.md",
            "Sources/rollcall/Documentation.docc/WhatVerificationCannotCatch.md",
        ])
    func commands(page: String) throws {
        // In code only: in prose, a sentence may go on behind the name.
        let code = try Self.text(page).matches(of: #/`{1,3}[^`]+`{1,3}/#).map { String($0.output) }
        for call in code.flatMap({ $0.matches(of: #/rollcall ([a-z]+)( [a-z]+)?/#) }) {
            let first = String(call.output.1)
            guard let node = CommandNode.root.children.first(where: { $0.name == first }) else {
                Issue.record("\(page) mentions `rollcall \(first)`")
                continue
            }
            guard !node.children.isEmpty, let second = call.output.2.map({ $0.dropFirst() }) else { continue }
            #expect(node.children.contains { $0.name == second }, "\(page) mentions `rollcall \(first) \(second)`")
        }
    }

    @Test("The settings for the servers of scripts/compose.yaml are accepted, and nothing there listens beyond this machine")
    func compose() throws {
        let settings = try SettingsLoader(
            file: Self.root.appendingPathComponent("scripts/compose-rollcall.yaml").path,
            environment: ["ROLLCALL_SOURCE_MYSQL_PASSWORD": "x"], overrides: [], needs: Set(SettingsArea.allCases)
        ).load()
        #expect(try settings.value(EffectiveSettings.keys.connector.name) == "shop")
        let services = try #require(try Yams.compose(yaml: Self.text("scripts/compose.yaml"))?["services"]?.mapping)
        #expect(services.keys.compactMap(\.string).sorted() == ["connect", "kafka", "mapping", "mysql"])
        for (_, service) in services {
            for port in try #require(service["ports"]?.sequence) { #expect(port.string?.hasPrefix("127.0.0.1:") == true) }
            for volume in service["volumes"]?.sequence ?? [] {
                let file = try #require(volume.string?.split(separator: ":").first).dropFirst(2)
                #expect(FileManager.default.fileExists(atPath: Self.root.appendingPathComponent("scripts/\(file)").path))
            }
        }
    }
}
