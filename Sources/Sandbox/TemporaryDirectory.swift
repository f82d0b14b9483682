import Foundation
import Glibc

/// Directories that are made for one run and removed with it.
public enum TemporaryDirectory {
    /// Makes one in the system's place for temporary files; only its owner may look into it.
    ///
    /// - Parameter prefix: What its name begins with.
    /// - Returns: Its path.
    /// - Throws: ``SandboxError`` where no directory can be made there.
    public static func make(prefix: String) throws(SandboxError) -> String {
        let parent = FileManager.default.temporaryDirectory.path
        // mkdtemp writes a name that is not taken in the place of the six X.
        var template = Array("\(parent)/\(prefix)-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw .file(path: parent, reason: errnoText(errno)) }
        return String(cString: made)
    }
}
