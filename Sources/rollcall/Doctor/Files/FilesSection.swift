/// Looks at the files of this process.
struct FilesSection {
    let settings: EffectiveSettings

    func examine() throws -> Section {
        let keys = EffectiveSettings.keys
        let ledger = try settings.value(keys.ledger.file)
        let reports = try settings.value(keys.reports.directory)
        var checks = [
            SettingsFileCheck.judge(path: settings.file, mode: SettingsFileCheck.mode(of: settings.file)),
            LedgerFileCheck.judge(
                LedgerFileCheck.look(ledger), path: ledger, godTopic: try settings.value(keys.kafka.topics.god)),
            ParkedCheck.judge(try ParkedCheck.look(try settings.parkedPaths())),
        ].compactMap { $0 }
        for (purpose, directory) in [("ledger", Self.directory(of: ledger)), ("reports", reports)] {
            checks.append(DiskSpaceCheck.judge(purpose, directory: directory, DiskSpaceCheck.measure(directory)))
        }
        return Section(name: "Files", checks: checks)
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
