extension EffectiveSettings {
    /// The file of this process's parked records: by its own setting, or beside the ledger.
    var parkedPath: String {
        get throws(SettingsError) {
            if let path = try value(Self.keys.ledger.parkedFile) { return path }
            return Self.parkedPath(besideLedger: try value(Self.keys.ledger.file))
        }
    }

    /// The files of parked records of all processes of the pipeline, each once.
    ///
    /// - Parameters:
    ///   - named: Files that the command line names, in the place of all others.
    ///   - ledgers: Ledgers that it names: what is not said otherwise lies beside them.
    func parkedPaths(named: [String] = [], ledgers: [String] = []) throws(SettingsError) -> [String] {
        guard named.isEmpty else { return Self.each(named) }
        let others = try value(Self.keys.ledger.parkedFiles)
        let isSaid = try value(Self.keys.ledger.parkedFile) != nil || !others.isEmpty
        guard isSaid || ledgers.isEmpty else { return Self.each(ledgers.map(Self.parkedPath(besideLedger:))) }
        return Self.each([try parkedPath] + others)
    }

    static func parkedPath(besideLedger ledger: String) -> String {
        guard let slash = ledger.lastIndex(of: "/") else { return "parked.sqlite" }
        return ledger[...slash] + "parked.sqlite"
    }

    private static func each(_ paths: [String]) -> [String] {
        var seen: Set<String> = []
        return paths.filter { seen.insert($0).inserted }
    }
}
