import Foundation
import Glibc

/// The private directory of a stack: one directory per part in it.
struct StackDirectory {
    let path: String
    /// Whether it was made for this stack alone, and is removed with it.
    let isTemporary: Bool

    /// Makes the directory, or a temporary one if `path` is `nil`; only its owner may look into it.
    init(path: String?) throws(SandboxError) {
        if let path {
            self.path = URL(fileURLWithPath: path).standardizedFileURL.path
            isTemporary = false
            try Self.make(self.path)
        } else {
            self.path = try TemporaryDirectory.make(prefix: "rollcall-sandbox")
            isTemporary = true
        }
    }

    /// What the guards of the parts remove if this process ends without having stopped them.
    var removing: [String] { isTemporary ? [path] : [] }

    /// The directory of a part, made if missing.
    func directory(of part: StackOptions.Part) throws(SandboxError) -> String {
        let directory = "\(path)/\(part.rawValue)"
        try Self.make(directory)
        return directory
    }

    /// Removes what an earlier stack left of a part.
    func clear(_ part: StackOptions.Part) {
        try? FileManager.default.removeItem(atPath: "\(path)/\(part.rawValue)")
    }

    /// Removes the directory if it was made for this stack alone.
    func removeIfTemporary() {
        if isTemporary { try? FileManager.default.removeItem(atPath: path) }
    }

    private static func make(_ path: String) throws(SandboxError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
    }
}
