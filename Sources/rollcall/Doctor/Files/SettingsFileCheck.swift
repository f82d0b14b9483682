import Glibc

/// Whoever can write the settings can send everything elsewhere.
enum SettingsFileCheck {
    private static let precondition = Precondition(
        "files.settings",
        why: "Whoever may write the settings decides where users' data go, and which files are read as secrets.")

    /// - Parameter mode: The file's permission bits; nil where there is no file.
    static func judge(path: String?, mode: UInt32?) -> Check? {
        guard let path, let mode else { return nil }
        let text = "0" + String(mode & 0o777, radix: 8)
        if mode & S_IWOTH != 0 {
            return precondition.failure("every user of this machine may write \(path) (mode \(text))", mend: "chmod o-w \(path)")
        }
        if mode & S_IWGRP != 0 {
            return precondition.warning("a group may write \(path) (mode \(text))", mend: "chmod g-w \(path)")
        }
        return precondition.ok("only its owner may write \(path)")
    }

    static func mode(of path: String?) -> UInt32? {
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return nil }
        return status.st_mode
    }
}
