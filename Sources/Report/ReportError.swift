/// Something that went wrong with a report, and what to do about it.
public struct ReportError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// A directory or file cannot be written.
        case notWritable = "not_writable"
        /// The disk, or the quota on it, is full.
        case noSpace = "no_space"
        /// A directory or file cannot be read.
        case notReadable = "not_readable"
        /// There is no such run.
        case notFound = "not_found"
        /// A report of that run is there already.
        case alreadyExists = "already_exists"
        /// A file is not what Rollcall writes.
        case malformed
        /// A file was written in a format that this version does not read.
        case unknownSchema = "unknown_schema"
        /// A text that cannot be a run id.
        case invalidRunID = "invalid_run_id"
        /// The report says something other than the findings that were written with it.
        case contradiction
    }

    public let code: Code
    /// The file, directory or run that the error is about.
    public let path: String
    /// What happened, and what to do.
    public let detail: String

    public init(_ code: Code, path: String, _ detail: String) {
        self.code = code
        self.path = path
        self.detail = detail
    }

    /// Whether the same call can succeed later without anyone changing settings or files.
    public var isRetriable: Bool { code == .noSpace }

    public var description: String { "\(PlainText.visible(path)): \(detail)" }
}
