import Testing

/// The tests on real servers. They run side by side, each with its own topics and users.
@Suite("On a real MariaDB, a broker and a mapping service", .ownThread)
enum RealParts {
    /// Tests that stop servers or spoil their answers, and share a set of servers for it.
    @Suite("Whatever befalls the servers", .serialized)
    enum SpoiledServers {}
}
