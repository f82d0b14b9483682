extension EffectiveSettings {
    /// The file of parked records: by its own setting, or beside the ledger.
    var parkedPath: String {
        get throws(SettingsError) {
            if let path = try value(Self.keys.ledger.parkedFile) { return path }
            return Self.parkedPath(besideLedger: try value(Self.keys.ledger.file))
        }
    }

    static func parkedPath(besideLedger ledger: String) -> String {
        guard let slash = ledger.lastIndex(of: "/") else { return "parked.sqlite" }
        return ledger[...slash] + "parked.sqlite"
    }
}
