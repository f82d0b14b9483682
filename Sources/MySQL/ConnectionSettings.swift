/// Where a MySQL or MariaDB server is, who asks, and how long an answer may take.
public struct ConnectionSettings: Sendable {
    /// The server's host name or address; unused if ``socketPath`` is set.
    public var host = "127.0.0.1"
    /// The server's TCP port; unused if ``socketPath`` is set.
    public var port = 3306
    /// The server's Unix socket, on this machine.
    public var socketPath: String?
    /// The account's name.
    public var user: String
    /// The account's password. It is never part of an error or a description.
    public var password: String
    /// The schema that unqualified table names mean, if any.
    public var database: String?
    /// Encryption; without it, the connection is in the clear.
    public var tls: TLS?
    /// The limit for reaching the server, in seconds.
    public var connectTimeoutSeconds = 10
    /// The limit for each wait for bytes from the server, in seconds. A statement that yields no byte for so long is given up.
    public var readTimeoutSeconds = 60
    /// The limit for each wait until the server takes bytes, in seconds.
    public var writeTimeoutSeconds = 60
    /// Statements for every new session, run on each connect and reconnect, in order.
    ///
    /// Time zone, sql_mode and character set are pinned after them, and cannot be changed here.
    public var sessionStatements: [String] = []

    /// Settings for a server at a host and port; everything else can be set afterwards.
    public init(host: String = "127.0.0.1", port: Int = 3306, user: String, password: String = "", database: String? = nil) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }

    /// Settings for a server on this machine that listens on a Unix socket.
    public init(socketPath: String, user: String, password: String = "", database: String? = nil) {
        self.init(user: user, password: password, database: database)
        self.socketPath = socketPath
    }

    /// How a connection is encrypted. A server that cannot do so is refused; there is no silent step back to clear text.
    public struct TLS: Sendable {
        /// The file with the certificates of the authorities that are trusted, in PEM.
        public var caFile: String?
        /// The client's own certificate, in PEM.
        public var certificateFile: String?
        /// The client's own key, in PEM.
        public var keyFile: String?
        /// Whether the server's certificate must be valid and made out to the host's name.
        public var verifiesServer: Bool

        /// Encryption with the given files.
        public init(
            caFile: String? = nil, certificateFile: String? = nil, keyFile: String? = nil, verifiesServer: Bool = true
        ) {
            self.caFile = caFile
            self.certificateFile = certificateFile
            self.keyFile = keyFile
            self.verifiesServer = verifiesServer
        }
    }

    /// The server as messages name it: `host:port` or the socket's path.
    public var address: String {
        if let socketPath { return socketPath }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension ConnectionSettings: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The user and the address, for example `rollcall@127.0.0.1:3306/app`.
    public var description: String {
        "\(user)@\(address)" + (database.map { "/\($0)" } ?? "")
    }

    /// The same as ``description``, so that no debug print shows the password.
    public var debugDescription: String { description }

    /// A mirror without children, so that no dump shows the password.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
