import Glibc

/// What stands where a secret would.
let redacted = "(redacted)"

extension SettingOrigin {
    /// Whether a secret's own text may come from here. Files are copied and committed, and command lines are public to every
    /// user of the machine.
    var maySupplySecrets: Bool {
        if case .environment = self { true } else { false }
    }
}

/// Files that hold one secret each.
enum SecretFile {
    /// Why a secret file was not accepted, and what to do.
    struct Fault: Error {
        var message: String
    }

    /// The secret: the file's text without the line break that editors put at its end.
    static func read(_ path: String) -> Result<String, Fault> {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .failure(Fault(message: "\(path): \(String(cString: strerror(errno))); write the secret there"))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .failure(Fault(message: "\(path): not a regular file"))
        }
        guard status.st_mode & (S_IROTH | S_IWOTH) == 0 else {
            let mode = "0" + String(status.st_mode & 0o777, radix: 8)
            return .failure(
                Fault(message: "\(path): every user of this machine can read or write it (mode \(mode)); `chmod 600 \(path)`"))
        }
        guard case .success(let bytes) = readFile(path) else {
            return .failure(Fault(message: "\(path): cannot be read by this user; change its mode or owner"))
        }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            return .failure(Fault(message: "\(path): not UTF-8 text"))
        }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { text.removeLast() }
        guard !text.isEmpty, !text.contains("\n"), !text.contains("\0") else {
            return .failure(Fault(message: "\(path): has to hold the secret on one line, and nothing else"))
        }
        return .success(text)
    }
}
