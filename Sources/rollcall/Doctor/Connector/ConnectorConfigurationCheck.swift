/// Whether the connector in force is the one that the settings describe.
enum ConnectorConfigurationCheck {
    private static let precondition = Precondition(
        "connector.configuration",
        why:
            "Some properties decide whether changes are seen at all: TRUNCATE is left out by default, and deletions without tombstones "
            + "leave ghosts.")

    /// Properties whose other values lose changes or make them unreadable.
    private static let grave: Set<String> = [
        "skipped.operations", "table.include.list", "topic.prefix", "connector.class", "key.converter", "value.converter",
    ]
    /// Properties that are a matter of taste, or of the machine.
    private static let ignored: Set<String> = [
        "database.password", "database.hostname", "database.port", "database.user", "database.server.id",
        "schema.history.internal.kafka.topic", "schema.history.internal.kafka.bootstrap.servers",
    ]

    static func judge(_ current: ConnectorConfiguration, wanted: ConnectorConfiguration) -> Check {
        // What was added by others is theirs.
        let lines = ConfigurationDifference(from: current, to: wanted).lines.filter {
            $0.new != nil && !ignored.contains($0.name)
        }
        guard !lines.isEmpty else { return precondition.ok("the connector is configured as `rollcall connector render` has it") }
        let names = lines.map { line in
            line.old.map { "\(line.name) is \($0)" } ?? "\(line.name) is not set"
        }.joined(separator: ", ")
        let mend = "rollcall connector apply --dry-run    # shows the difference; without --dry-run it is applied"
        return lines.contains { grave.contains($0.name) }
            ? precondition.failure(names, mend: mend) : precondition.warning(names, mend: mend)
    }
}
