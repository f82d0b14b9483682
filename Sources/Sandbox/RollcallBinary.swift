import Foundation

/// Where the `rollcall` binary is, which guards every process of the sandbox.
public enum RollcallBinary {
    /// The environment variable that names the binary.
    public static let environmentVariable = "ROLLCALL_BINARY"

    /// Finds the binary: the one that the environment names, else this process's own program, else, in a test run, the
    /// one that was built beside the test bundle.
    ///
    /// - Throws: ``SandboxError/guardMissing(searched:)``.
    public static func locate() throws(SandboxError) -> String {
        if let named = ProcessInfo.processInfo.environment[environmentVariable], !named.isEmpty {
            guard access(named, X_OK) == 0 else { throw .guardMissing(searched: [named]) }
            return named
        }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let program = URL(fileURLWithPath: own)
        if program.lastPathComponent == "rollcall" { return own }

        var searched: [String] = []
        var directory = program.deletingLastPathComponent()
        while directory.path != "/" {
            let candidate = directory.appendingPathComponent("rollcall").path
            if isProgram(candidate) { return candidate }
            searched.append(directory.path)
            directory.deleteLastPathComponent()
        }
        throw .guardMissing(searched: searched)
    }

    private static func isProgram(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && !isDirectory.boolValue
            && access(path, X_OK) == 0
    }
}
