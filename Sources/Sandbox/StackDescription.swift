import Foundation

/// Where the parts of a running stack are: what `--keep` leaves for people and scripts, as JSON.
public struct StackDescription: Codable, Sendable, Equatable {
    /// How to reach MariaDB.
    public struct MySQL: Codable, Sendable, Equatable {
        /// The address to connect to over TCP.
        public var host: String
        /// The port there.
        public var port: Int
        /// The Unix socket, through which `root` needs no password.
        public var socket: String
        /// The sample database.
        public var database: String
        /// The account of Rollcall and Debezium.
        public var user: String
        /// Its password.
        public var password: String
        /// The account of the shop itself.
        public var writer: String
        /// Its password.
        public var writerPassword: String
    }

    /// The directory with data and logs.
    public var directory: String
    /// How to reach MariaDB; `nil` if it is not part of the stack, as with the others.
    public var mysql: MySQL?
    /// The broker's `bootstrap.servers`.
    public var bootstrap: String?
    /// Where mappings are asked for.
    public var mappingURL: String?
    /// The connector's name.
    public var connector: String?
    /// The names of the topics.
    public var topics: StackTopics
}

extension Stack {
    /// Where the parts are.
    public var description: StackDescription {
        StackDescription(
            directory: directory,
            mysql: database.map {
                .init(
                    host: $0.host, port: $0.port, socket: $0.socketPath, database: ShopDatabase.name,
                    user: MariaDBServer.user, password: MariaDBServer.password,
                    writer: ShopDatabase.writer, writerPassword: ShopDatabase.writerPassword)
            },
            bootstrap: options.kafka?.bootstrap ?? broker?.bootstrap, mappingURL: mapping?.url,
            connector: connector.map { _ in connectorName },
            topics: topics)
    }

    /// Writes ``description`` as JSON, for the owner's eyes only.
    public func writeDescription(to path: String) throws(SandboxError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            let text = try encoder.encode(description)
            guard FileManager.default.createFile(atPath: path, contents: text, attributes: [.posixPermissions: 0o600])
            else { throw SandboxError.file(path: path, reason: "could not be written") }
        } catch {
            throw error as? SandboxError ?? .file(path: path, reason: "\(error)")
        }
    }
}
