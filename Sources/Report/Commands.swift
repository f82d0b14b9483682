import Domain

/// The commands that a report suggests, ready to be pasted into a shell.
public struct Commands: Sendable, Equatable {
    /// Options that every command needs, such as `--config /etc/rollcall.yaml`; one element per word.
    public var globalOptions: [String]

    public init(globalOptions: [String] = []) {
        self.globalOptions = globalOptions
    }

    /// The command that mends one finding.
    ///
    /// No argument of a process can hold a NUL byte; for such a user id the command mends the whole run instead.
    public func repair(_ user: UserID, run: RunID) -> String {
        guard !user.text.utf8.contains(0) else { return line(["repair", "--run", run.text]) }
        // Joined with `=`, an id that begins with a dash is not taken for an option.
        let words = startsWithDash(user) ? ["--user=" + user.text] : ["--user", user.text]
        return line(["repair", "--run", run.text] + words)
    }

    /// The command that mends one user, whatever run found it; nil for an id that no argument can hold.
    public func repair(_ user: UserID) -> String? {
        guard !user.text.utf8.contains(0) else { return nil }
        return line(["repair"] + (startsWithDash(user) ? ["--user=" + user.text] : ["--user", user.text]))
    }

    /// The command that mends all findings of a bucket; nil where none can.
    func mend(_ bucket: Bucket, run: RunID) -> String? {
        if bucket.isParked { return parkedRetry }
        guard Cause(code: bucket.causeCode)?.isMendedBySignal ?? true else { return nil }
        return line(["repair", "--run", run.text, "--bucket", bucket.path])
    }

    /// What would be mended by repairing the run, without doing it.
    public func repairDryRun(_ run: RunID) -> String { line(["repair", "--run", run.text, "--dry-run"]) }

    /// The life of one user; nil for an id that no argument can hold.
    public func explain(_ user: UserID) -> String? {
        guard !user.text.utf8.contains(0) else { return nil }
        return line(["explain"] + (startsWithDash(user) ? ["--"] : []) + [user.text])
    }

    public var parkedList: String { line(["parked", "list"]) }
    public var parkedRetry: String { line(["parked", "retry"]) }
    public var doctor: String { line(["doctor"]) }
    public var verify: String { line(["verify"]) }
    public var reconcile: String { line(["reconcile"]) }

    private func startsWithDash(_ user: UserID) -> Bool { user.text.utf8.first == UInt8(ascii: "-") }

    private func line(_ words: [String]) -> String {
        // Behind the command's name, which may be of two words, and in front of a `--` that ends the options.
        let name = ["parked", "config"].contains(words.first) ? 2 : 1
        let all = ["rollcall"] + words.prefix(name) + globalOptions + words.dropFirst(name)
        return all.map(Self.quoted).joined(separator: " ")
    }

    /// The word as a POSIX shell reads it back, byte for byte; words with control characters in the `$'…'` form of bash, zsh
    /// and ksh, because the raw bytes must not reach a terminal.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_-./:@%+=,".utf8.contains(byte)
                }
            }
        if isPlain { return word }
        if word.unicodeScalars.contains(where: PlainText.isUnsafe) { return "$'" + ansiC(word) + "'" }
        return "'" + PlainText.replacing("'", in: word, with: "'\\''") + "'"
    }

    private static func ansiC(_ word: String) -> String {
        var result = ""
        for scalar in word.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\\", "'": result += "\\" + String(scalar)
            case _ where PlainText.isUnsafe(scalar):
                // Always three octal digits: a hexadecimal escape would swallow a digit that follows it.
                for byte in String(scalar).utf8 {
                    let digits = String(byte, radix: 8)
                    result += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
