import ArgumentParser
import Domain
import Glibc
import Report

/// `rollcall report open`
struct ReportOpenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Opens the page of a run, or the list of all.",
        discussion: """
            Prints where the page lies, and opens it in a browser when this is a terminal on a desktop. The page is one file that \
            loads nothing: it can be copied and mailed.
            """)

    @Option(name: .customLong("run"), help: ArgumentHelp("The run, as `report list` names it, or `latest`.", valueName: "id"))
    var selection = "latest"

    @Flag(help: "The list of all runs instead of one.")
    var all = false

    @Flag(help: "Only prints where the page lies.")
    var printOnly = false

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try global.prepare(needs: [.reports])
        let store = ReportStore(directory: try settings.value(EffectiveSettings.keys.reports.directory))
        let path = absolutePath(
            all ? store.frontPagePath : try store.load(try ReportStore.Selection(parsing: selection)).path + "/index.html")
        guard access(path, R_OK) == 0 else {
            throw CommandError(
                "\(PlainText.visible(path)): the page is not there; a run of this version writes one", status: .error)
        }
        let url = fileURL(path)
        if global.json {
            try Console.shared.output(["path": .string(path), "url": .string(url)])
            return
        }
        try Console.shared.output("\(url)\n")
        guard !printOnly, isatty(STDOUT_FILENO) == 1, hasDesktop else { return }
        // This process becomes the opener, which ends as soon as a browser has taken the page over.
        becomeProgram("xdg-open", arguments: [url])
        Console.shared.note("no browser could be opened: there is no xdg-open")
    }

    private var hasDesktop: Bool { (["DISPLAY", "WAYLAND_DISPLAY"] as [String]).contains { getenv($0) != nil } }

    private func absolutePath(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// RFC 8089, with everything percent-encoded that is not certain to mean itself.
    private func fileURL(_ path: String) -> String {
        let encoded = path.utf8.map { byte -> String in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isPlain || "/-._~".utf8.contains(byte) { return String(Unicode.Scalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
        }
        return "file://" + encoded.joined()
    }
}

/// Replaces this process by another program; returns only where that is not found.
private func becomeProgram(_ name: String, arguments: [String]) {
    var words: [UnsafeMutablePointer<CChar>?] = ([name] + arguments).map { strdup($0) } + [nil]
    execvp(name, &words)
    for word in words { free(word) }
}
