import Domain
import Glibc

extension FieldValues {
    /// One line for people: `email: "a@example.com" in MySQL, "b@example.com" on the topic`.
    public var text: String {
        "\(name): \(source?.description ?? "no such field") in MySQL, \(topic?.description ?? "no such field") on the topic"
    }
}

extension StoredReport {
    /// The report without values of rows, however the run was made.
    public var masked: StoredReport {
        var masked = self
        masked.report.mask()
        return masked
    }

    /// Writes down in the report's own record that somebody looked at its values: a line in `reveals.ndjson`.
    ///
    /// - Parameter account: Who it was.
    /// - Throws: ``ReportError``; then nothing may be shown.
    public func recordReveal(by account: String, at time: UTCTime = .now()) throws(ReportError) {
        try RevealRecord.append(["at": .string(time.description), "by": .string(account), "command": "report show"], in: path)
    }
}

/// The record of who looked at values of rows, and when.
public enum RevealRecord {
    static let fileName = "reveals.ndjson"

    /// Takes the lines about a user out of the record of a directory. The file is replaced in one step.
    ///
    /// - Returns: How many there were.
    /// - Throws: ``ReportError``.
    static func forget(_ user: UserID, in directory: String) throws(ReportError) -> Int {
        let path = "\(directory)/\(fileName)"
        guard access(path, F_OK) == 0 else { return 0 }
        let lines = try InputFile.contents(of: path).split(separator: UInt8(ascii: "\n")).map(Array.init)
        let kept = lines.filter { (try? JSONValue(parsing: $0))?["user"]?.text != user.text }
        guard kept.count < lines.count else { return 0 }
        let temporary = path + ".new"
        unlink(temporary)
        var file = try OutputFile(creating: temporary)
        for line in kept { try file.write(line + [UInt8(ascii: "\n")]) }
        try file.sync()
        try ReportDirectory.move(temporary, to: path)
        return lines.count - kept.count
    }

    /// Appends a line to `reveals.ndjson` in a directory of reports, and returns when the disk has it.
    ///
    /// - Throws: ``ReportError``.
    public static func append(_ entry: JSONValue, in directory: String) throws(ReportError) {
        try ReportDirectory(path: directory).create()
        var file = try OutputFile("\(directory)/\(fileName)", flags: O_CREAT | O_APPEND)
        try file.write(entry.bytes + [UInt8(ascii: "\n")])
        try file.sync()
    }

    /// The account that this process runs under.
    public static var account: String {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "uid \(getuid())" }
        return String(cString: name)
    }
}

extension RunReport {
    fileprivate mutating func mask() {
        for index in examples.indices { examples[index].values = nil }
    }
}
