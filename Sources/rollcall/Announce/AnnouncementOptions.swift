import ArgumentParser

/// Whom a run tells how it came out, beside its report.
struct AnnouncementOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A webhook that is told when the verdict, or who is concerned, has changed; @FILE reads the address from a file.",
            valueName: "url"))
    var notify: String?

    @Option(
        help: ArgumentHelp(
            "A file of metrics for Prometheus' node exporter, replaced at the end of the run; instead of reports.textfile.",
            valueName: "file"))
    var textfile: String?

    func validate() throws {
        guard let notify, !notify.hasPrefix("@") else { return }
        guard Webhook.isAddress(notify) else {
            throw ValidationError("--notify has to be an http:// or https:// address, or @FILE")
        }
        let authority = notify.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        // Every user of the machine sees the arguments of every process.
        if authority.contains("@") {
            throw ValidationError("--notify: an address with a password in it belongs in a file: --notify @FILE")
        }
    }
}
