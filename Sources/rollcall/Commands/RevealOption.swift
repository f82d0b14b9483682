import ArgumentParser
import Domain
import Report

/// Whether values of rows are shown. Everywhere else only names of fields and digests are.
struct RevealOption: ParsableArguments {
    @Flag(
        help:
            "Shows the values of differing fields, and not only their names; who asked for it, and when, is written into the reports."
    )
    var reveal = false

    /// The account that asked; nil where nobody did.
    var account: String? { reveal ? RevealRecord.account : nil }

    /// Writes down who looked at a user. What cannot be written down is not shown.
    ///
    /// - Throws: ``ReportError``.
    func record(_ command: String, user: UserID, in directory: String) throws {
        guard let account else { return }
        try RevealRecord.append(
            [
                "at": .string(UTCTime.now().description), "by": .string(account), "command": .string(command),
                "user": .string(user.text),
            ], in: directory)
    }
}
