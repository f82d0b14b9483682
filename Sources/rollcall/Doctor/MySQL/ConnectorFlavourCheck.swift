/// Debezium has a connector of its own for MariaDB.
enum ConnectorFlavourCheck {
    private static let precondition = Precondition(
        "mysql.flavour", why: "The connectors differ in the driver and in how they read GTIDs and the binary log's events.")

    static func judge(_ facts: ServerFacts, flavour: ConnectorSource.Flavour) -> Check {
        let name = facts.isMariaDB ? "MariaDB" : "MySQL"
        guard facts.isMariaDB != (flavour == .mariadb) else {
            return precondition.ok("connector.flavour fits the server, which is \(name)")
        }
        let right = facts.isMariaDB ? "mariadb" : "mysql"
        // Debezium's MySQL connector reads MariaDB's log too; the other way round it does not.
        let found = "the server is \(name), and connector.flavour is \(flavour.rawValue)"
        let mend = "connector.flavour: \(right) in the settings, then `rollcall connector apply`"
        return facts.isMariaDB ? precondition.warning(found, mend: mend) : precondition.failure(found, mend: mend)
    }
}
