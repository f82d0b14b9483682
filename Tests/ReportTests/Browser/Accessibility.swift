import Domain
import Foundation

/// The rules of axe-core (https://github.com/dequelabs/axe-core), as `scripts/setup --tests` installs them.
enum Accessibility {
    /// What breaks a rule, as `rule: element`.
    static func violations(_ browser: Browser) throws -> [String] {
        let script = try String(contentsOfFile: try Checks.file("axe_core_python/axe.min.js"), encoding: .utf8)
        try browser.run(script + "; return typeof axe")
        let found = try browser.wait(
            """
            const done = arguments[0];
            axe.run(document, { resultTypes: ["violations"] }).then(
              (result) => done(result.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 120)} ${n.failureSummary}`))),
              (error) => done([String(error)]));
            """)
        guard case .array(let list) = found else { return ["axe gave no answer: \(found)"] }
        return list.compactMap(\.text)
    }
}

/// The Python environment that holds what only tests need.
enum Checks {
    private static var home: String {
        let environment = ProcessInfo.processInfo.environment
        if let named = environment["ROLLCALL_SANDBOX_HOME"], !named.isEmpty { return named }
        let cache = environment["XDG_CACHE_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory() + "/.cache"
        return cache + "/rollcall"
    }

    static var python: String { home + "/checks/bin/python" }

    /// A file of one of its packages.
    static func file(_ name: String) throws -> String {
        let libraries = home + "/checks/lib"
        for version in try FileManager.default.contentsOfDirectory(atPath: libraries) where version.hasPrefix("python") {
            let path = "\(libraries)/\(version)/site-packages/\(name)"
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw Browser.Trouble(description: "there is no \(name) in \(libraries); scripts/setup --tests installs it")
    }
}
