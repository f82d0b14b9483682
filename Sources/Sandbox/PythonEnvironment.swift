import Foundation

/// The Python interpreter that has the Debezium engine and the bridge's other packages, as `scripts/setup` installs them.
enum PythonEnvironment {
    /// The environment variable that names an interpreter to use.
    static let interpreterVariable = "ROLLCALL_SANDBOX_PYTHON"
    /// The environment variable that names the directory in which `scripts/setup` makes its virtual environment.
    static let homeVariable = "ROLLCALL_SANDBOX_HOME"

    /// Finds the interpreter.
    ///
    /// - Throws: ``SandboxError/pythonMissing(searched:)``, which says to run `scripts/setup`.
    static func locate(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(SandboxError) -> String {
        let interpreter = candidate(environment)
        guard FileManager.default.isExecutableFile(atPath: interpreter) else {
            throw .pythonMissing(searched: [interpreter])
        }
        return interpreter
    }

    private static func candidate(_ environment: [String: String]) -> String {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        if let named = value(interpreterVariable) { return named }
        let cache = value("XDG_CACHE_HOME") ?? (value("HOME") ?? NSHomeDirectory()) + "/.cache"
        return (value(homeVariable) ?? "\(cache)/rollcall") + "/venv/bin/python"
    }
}
