import HTTP
import Kafka
import MySQL
import SQLite

/// What `--version` says.
enum Versions {
    static let rollcall = "0.1.0"

    /// Rollcall's version and those of the C libraries that it runs with.
    static var text: String {
        """
        rollcall \(rollcall)
        librdkafka \(Kafka.libraryVersion)
        libmariadb \(MySQL.Connection.libraryVersion)
        sqlite \(SQLite.Database.libraryVersion)
        libcurl \(HTTP.libraryVersion)
        """
    }
}
