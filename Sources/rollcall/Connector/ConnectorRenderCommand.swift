import ArgumentParser

/// `rollcall connector render`
struct ConnectorRenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render",
        abstract: "Prints the connector's configuration, without asking anybody.",
        discussion: """
            The JSON is what `curl -X PUT -H 'Content-Type: application/json' -d @- CONNECT/connectors/NAME/config` takes. \
            It never holds a secret: the password is the reference of connector.password_reference, or left out.
            """)

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let source = try global.prepare(needs: EffectiveSettings.areasForConnector).connectorSource()
        for note in source.notes { Console.shared.note("rollcall: note: \(note)") }
        try Console.shared.output(ConnectorConfiguration(source).prettyJSON)
    }
}

extension ConnectorSource {
    /// What the configuration leaves open, for the person who is going to use it.
    var notes: [String] {
        var notes: [String] = []
        if passwordReference == nil, extraProperties["database.password"] == nil {
            notes.append(
                "database.password is left out; set connector.password_reference to a reference such as "
                    + "${file:/etc/kafka-connect/mysql.properties:password}, or let `rollcall connector apply` send the password")
        }
        let protocolName = kafkaProperties["security.protocol"]?.uppercased() ?? "PLAINTEXT"
        let history = "schema.history.internal.producer."
        if protocolName.hasPrefix("SASL"), extraProperties[history + "sasl.jaas.config"] == nil {
            notes.append(
                "Debezium's schema history reaches Kafka by clients of its own: give \(history)sasl.jaas.config and its twin of "
                    + "the consumer as connector.properties")
        }
        if protocolName.hasSuffix("SSL"), extraProperties[history + "ssl.truststore.location"] == nil {
            notes.append(
                "Debezium's schema history reaches Kafka by clients of its own: unless Connect's Java trusts the brokers anyway, give "
                    + "\(history)ssl.truststore.location and its twin of the consumer as connector.properties")
        }
        return notes
    }
}
