import ArgumentParser

/// `rollcall connector`
struct ConnectorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connector",
        abstract: "The Debezium connector in Kafka Connect, as configuration only.",
        discussion: """
            Its configuration follows from the settings: captured tables from changes and source.fence_table, the rest from \
            connector and source.mysql. connector.properties comes before all of it.
            """,
        subcommands: [ConnectorRenderCommand.self, ConnectorApplyCommand.self, ConnectorStatusCommand.self])

    @OptionGroup var global: GlobalOptions
}
