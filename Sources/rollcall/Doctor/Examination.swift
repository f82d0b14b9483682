import Domain
import MySQL
import Report
import Source

/// Looks at every part, one after the other, and goes on where one cannot be reached.
struct Examination {
    /// What the settings have to say.
    static let areas: Set<SettingsArea> = [
        .source, .userID, .changes, .connector, .kafka, .mapping, .ledger, .reports, .log,
    ]

    private let settings: EffectiveSettings
    private let commands: Commands
    private let source: SourceSettings

    init(_ settings: EffectiveSettings, commands: Commands) throws {
        self.settings = settings
        self.commands = commands
        source = try settings.source()
    }

    /// - Parameter progress: Told of each part before it is looked at.
    func run(progress: (String) -> Void = { _ in }) throws -> DoctorReport {
        progress("MySQL")
        let mysql = try examineSource()
        try checkStop()
        progress("Kafka")
        let kafka = try KafkaSection(settings: settings).examine()
        try checkStop()
        progress("the connector")
        let connector = try ConnectorSection(settings: settings, server: mysql.facts).examine()
        try checkStop()
        progress("the mapping service")
        let mapping = try MappingSection(settings: settings).examine(sample: mysql.sample)
        progress("files")
        let files = try FilesSection(settings: settings).examine()
        return DoctorReport(sections: mysql.sections + [kafka, connector, mapping, files]).completing(
            MendingCommands(bootstrap: try settings.value(EffectiveSettings.keys.kafka.bootstrap), commands: commands))
    }

    private struct SourceResult {
        var sections: [Section]
        var facts: ServerFacts?
        var sample: [UserID] = []
    }

    private func examineSource() throws -> SourceResult {
        var sections: [Section] = []
        var facts: ServerFacts?
        do {
            let connection = try Connection(source.connection)
            defer { connection.close() }
            let (section, found) = try MySQLSection(settings: settings).examine(connection)
            sections.append(section)
            facts = found
            let (query, sample) = try QuerySection(settings: settings, source: source).examine(connection)
            return SourceResult(sections: sections + [query], facts: facts, sample: sample)
        } catch let error as MySQLError {
            let check = MySQLSection.reachable.failure(
                error.message, mend: "source.mysql in the settings; is the server up, and may this machine connect?")
            sections.append(Section(name: "MySQL at \(source.connection.address)", checks: [check]))
            return SourceResult(sections: sections, facts: facts)
        }
    }

    private func checkStop() throws {
        if let status = StopSignals.exitStatus { throw CommandError("interrupted", status: status) }
    }
}
