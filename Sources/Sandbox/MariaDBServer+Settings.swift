import MySQL

extension MariaDBServer {
    /// Settings for the pipeline's account, over TCP.
    public var settings: ConnectionSettings {
        ConnectionSettings(host: host, port: port, user: Self.user, password: Self.password)
    }

    /// Settings for `root`, who may do everything, through the socket.
    public var rootSettings: ConnectionSettings {
        ConnectionSettings(socketPath: socketPath, user: "root")
    }
}
