import Domain
import Testing

@testable import rollcall

@Suite("A connector's configuration follows from the settings")
struct ConnectorConfigurationTests {
    private func source(_ yaml: String = yaml, set: [(String, String)] = []) throws -> ConnectorSource {
        try TemporaryDirectory().load(yaml, set: set).connectorSource()
    }

    private static let yaml = completeYAML.replacing("topic: shop.users,", with: "topic: shop.sales.users,")
        .replacing("connector: {name: shop, server: shop}", with: "connector: {name: crm, server: shop}")

    @Test("The whole of it, as `curl -X PUT …/config` takes it")
    func golden() throws {
        let expected = """
            {
              "bigint.unsigned.handling.mode": "long",
              "connector.class": "io.debezium.connector.mysql.MySqlConnector",
              "database.hostname": "127.0.0.1",
              "database.include.list": "sales,shop",
              "database.port": "3306",
              "database.server.id": "\(ConnectorConfiguration.derivedServerID("crm"))",
              "database.user": "rollcall",
              "decimal.handling.mode": "string",
              "heartbeat.interval.ms": "10000",
              "include.schema.changes": "false",
              "key.converter": "org.apache.kafka.connect.json.JsonConverter",
              "key.converter.schemas.enable": "false",
              "message.key.columns": "sales.users:user_id",
              "name": "crm",
              "schema.history.internal.kafka.bootstrap.servers": "127.0.0.1:9092",
              "schema.history.internal.kafka.topic": "shop.schema-history",
              "skipped.operations": "none",
              "snapshot.mode": "initial",
              "table.include.list": "sales.users,shop.fence",
              "tasks.max": "1",
              "tombstones.on.delete": "true",
              "topic.prefix": "shop",
              "value.converter": "org.apache.kafka.connect.json.JsonConverter",
              "value.converter.schemas.enable": "false"
            }

            """
        let configuration = ConnectorConfiguration(try source(set: [("source.fence_table", "fence")]))
        #expect(configuration.prettyJSON == expected)
        #expect(try JSONValue(parsing: configuration.prettyJSON)["name"] == "crm")
    }

    @Test("MariaDB has a connector and words for TLS of its own")
    func flavours() throws {
        let tls = [("source.mysql.tls.enabled", "true")]
        let mysql = ConnectorConfiguration(try source(set: tls))
        #expect(mysql["database.ssl.mode"] == "verify_identity")
        let mariaDB = ConnectorConfiguration(try source(set: tls + [("connector.flavour", "mariadb")]))
        #expect(mariaDB["connector.class"] == "io.debezium.connector.mariadb.MariaDbConnector")
        #expect(mariaDB["database.ssl.mode"] == "verify-full")
    }

    @Test("connector.properties come before everything that follows")
    func extraProperties() throws {
        let configuration = ConnectorConfiguration(
            try source(set: [
                ("connector.properties.database.hostname", "mysql.internal"), ("connector.properties.poll.interval.ms", "20"),
            ]))
        #expect(configuration["database.hostname"] == "mysql.internal")
        #expect(configuration["poll.interval.ms"] == "20")
    }

    @Test("No secret gets into it, and a reference to one does")
    func secrets() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write("mysql.password", "s3cret\n")
        let own = try directory.load(Self.yaml.replacing("user: rollcall", with: "user: rollcall\n    password_file: \(file)"))
        #expect(try own.value(EffectiveSettings.keys.source.mysql.password) == "s3cret")
        #expect(!ConnectorConfiguration(try own.connectorSource()).prettyJSON.contains("s3cret"))

        let reference = "${file:/etc/kafka-connect/mysql.properties:password}"
        let referring = try source(set: [("connector.password_reference", reference)])
        #expect(ConnectorConfiguration(referring)["database.password"] == reference)
        #expect(referring.notes == [])
    }

    @Test(
        "A secret given inline is refused where it stands",
        arguments: [
            ("connector.password_reference", "s3cret"), ("connector.properties.database.password", "s3cret"),
            ("connector.properties.schema.history.internal.producer.sasl.jaas.config", "… password=\"x\";"),
            ("connector.properties.database.password_file", "/etc/passwd"), ("connector.url", "http://me:s3cret@connect:8083"),
        ])
    func inlineSecrets(key: String, text: String) throws {
        let problems = try TemporaryDirectory().problems(Self.yaml, set: [(key, text)])
        #expect(problems.count == 1)
        #expect(problems.first?.contains("reference") == true || problems.first?.contains("connector.basic_auth_file") == true)
    }

    @Test("A topic that cannot be a table's says so, with both names that could be wrong")
    func unknownTable() throws {
        let error = #expect(throws: CommandError.self) { try source(completeYAML) }
        #expect(error?.status == .usage)
        #expect(
            error?.description
                == "changes: the topic shop.users is not of the form shop.DATABASE.TABLE, so the table behind it is not known; "
                + "correct the topic, or connector.server")
    }

    @Test(
        "A topic's name tells its table, also behind a prefix with dots",
        arguments: [
            ("shop.db.users", "shop", "db.users"), ("eu.shop.db.users", "eu.shop", "db.users"),
            ("shop.db.odd.name", "shop", "db.odd.name"),
        ])
    func tables(topic: String, prefix: String, table: String) {
        #expect(CapturedTable(topic: topic, prefix: prefix)?.description == table)
    }

    @Test("No table is made up", arguments: ["shop", "shop.", "shop.db", "shop.db.", "shop..users", "shopping.db.users"])
    func noTables(topic: String) {
        #expect(CapturedTable(topic: topic, prefix: "shop") == nil)
    }

    @Test("Names are written so that Debezium's regular expressions match them and nothing else")
    func patterns() {
        #expect(CapturedTable(database: "db", table: "a$b").pattern == "db.a\\$b")
        #expect(CapturedTable(name: "`fence`", defaultDatabase: "db").description == "db.fence")
        #expect(CapturedTable(name: "other.fence", defaultDatabase: "db").description == "other.fence")
    }

    @Test("A secured cluster leaves open what only its owner can say")
    func securedKafka() throws {
        let open = try source(set: [
            ("kafka.properties.security.protocol", "SASL_SSL"), ("kafka.properties.sasl.mechanism", "SCRAM-SHA-512"),
            ("connector.password_reference", "${env:PASSWORD}"),
        ])
        #expect(ConnectorConfiguration(open)["schema.history.internal.consumer.security.protocol"] == "SASL_SSL")
        #expect(ConnectorConfiguration(open)["schema.history.internal.producer.sasl.mechanism"] == "SCRAM-SHA-512")
        #expect(open.notes.count == 2)
    }

    @Test("A made-up server id is always the same, and is another one for another name")
    func serverID() {
        #expect(ConnectorConfiguration.derivedServerID("shop") == ConnectorConfiguration.derivedServerID("shop"))
        #expect(ConnectorConfiguration.derivedServerID("shop") != ConnectorConfiguration.derivedServerID("shop2"))
        #expect((100_000_000..<1_000_000_000).contains(ConnectorConfiguration.derivedServerID("")))
    }

    @Test(
        "Base64 is that of RFC 4648",
        arguments: zip(
            ["", "f", "fo", "foo", "foob", "fooba", "foobar"], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]))
    func base64(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }
}
