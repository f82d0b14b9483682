/// A Java stack trace.
enum StackTrace {
    /// What went wrong in the first place, on one line: the last `Caused by:`, or the first line where nothing caused it.
    ///
    /// Connect wraps the error of a connector several times ("Unrecoverable exception from producer send callback"), so
    /// what one wants to know stands at the end of a hundred lines. A cause without a message takes that of its wrapper.
    static func rootCause(_ trace: String) -> String? {
        let lines = trace.split(whereSeparator: \.isNewline).map { $0.trimmingPrefix(while: \.isWhitespace) }
        let causes = lines.enumerated().compactMap { index, line -> Substring? in
            if line.hasPrefix(marker) { return line.dropFirst(marker.count).trimmingPrefix(while: \.isWhitespace) }
            // Frames, and the notes between them, are no causes; nor is anything inside a suppressed exception.
            return index == 0 ? line : nil
        }
        let cause = causes.last { $0.contains(": ") } ?? causes.last
        return cause.map(String.init).flatMap { $0.isEmpty ? nil : $0 }
    }

    private static let marker = "Caused by:"
}
