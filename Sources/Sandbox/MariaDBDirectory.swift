import Foundation

/// The files of one private MariaDB server, and the arguments that lead its programs to them.
struct MariaDBDirectory {
    /// The Debian package that has the server and `mariadb-install-db`.
    static let package = "mariadb-server"

    let path: String
    let socketPath: String
    var logFile: String { "\(path)/mariadbd.log" }
    private var dataPath: String { "\(path)/data" }
    private var scratchPath: String { "\(path)/tmp" }
    private var accountsFile: String { "\(path)/accounts.sql" }

    /// What was made for this server only, and is to be removed with it.
    let temporaryDirectories: [String]

    /// Makes the directory, or a temporary one if `path` is `nil`.
    init(path: String?) throws(SandboxError) {
        var temporary: [String] = []
        if let path {
            self.path = try Self.make(path)
        } else {
            self.path = try Self.makeTemporary()
            temporary.append(self.path)
        }
        // A Unix socket's path is limited to 107 bytes.
        var socketDirectory = self.path
        if socketDirectory.utf8.count > 80 {
            socketDirectory = try Self.makeTemporary()
            temporary.append(socketDirectory)
        }
        socketPath = "\(socketDirectory)/mariadbd.sock"
        temporaryDirectories = temporary
    }

    /// The environment of the server and its installer.
    ///
    /// A server that starts removes the temporary tables that it finds in its directory for temporary files. In the common `/tmp` those may be
    /// in use by another server, which then fails in the middle of a statement.
    var environment: [String: String] { ["TMPDIR": scratchPath] }

    /// Fills the data directory, unless an earlier server has.
    func install() throws(SandboxError) {
        _ = try Self.make(scratchPath)
        try writeAccounts()
        guard !FileManager.default.fileExists(atPath: "\(dataPath)/mysql") else { return }
        guard let program = findProgram("mariadb-install-db") else {
            throw .programMissing(program: "mariadb-install-db", package: Self.package)
        }
        // The installer is a shell script that stumbles over a space in a path: it gets a relative one. As root, it would give the
        // machine's own PAM helper another owner; `--rpm` is its only way to leave that alone.
        let arguments = [
            "-c", "cd -- \"$1\" && shift && exec \"$@\"", "sh", path, program, "--no-defaults", "--datadir=./data", "--rpm",
            "--skip-test-db", "--auth-root-authentication-method=normal", "--skip-name-resolve", "--skip-log-bin",
            "--innodb-log-file-size=16M",
        ]
        let installer = try ChildProcess(
            "sh", arguments + accountArguments, environment: environment, logFile: "\(path)/install.log",
            removing: temporaryDirectories)
        let timeoutMs = 120_000
        guard let status = installer.waitForExit(timeoutMs: timeoutMs) else {
            throw .notReady(
                program: program, waitedMs: timeoutMs, logFile: installer.logFile, log: installer.logTail())
        }
        guard status == .exited(0) else {
            throw .endedEarly(
                program: program, status: status, logFile: installer.logFile, log: installer.logTail())
        }
    }

    /// Removes what is large after a failure, and leaves the logs to who reads of it.
    func discardData() {
        guard !temporaryDirectories.isEmpty else { return }
        try? FileManager.default.removeItem(atPath: dataPath)
    }

    /// The command line of `mariadbd`, without its name.
    func serverArguments(port: Int, options: MariaDBServer.Options) -> [String] {
        [
            "--no-defaults", "--datadir=\(dataPath)", "--socket=\(socketPath)", "--pid-file=\(path)/mariadbd.pid",
            "--bind-address=127.0.0.1", "--port=\(port)", "--skip-name-resolve", "--init-file=\(accountsFile)",
            // What Debezium requires of the binlog.
            "--server-id=\(options.serverID)", "--log-bin=binlog", "--binlog-format=ROW", "--binlog-row-image=FULL",
            // The data need to survive a kill of the server, not of the machine.
            "--sync-binlog=0", "--innodb-flush-log-at-trx-commit=2",
            "--innodb-buffer-pool-size=\(options.bufferPoolMB)M", "--innodb-log-file-size=16M",
            "--performance-schema=OFF", "--character-set-server=utf8mb4", "--max-connections=200",
            // A feedback plugin that is built in must not call home from a test.
            "--feedback=OFF",
        ] + accountArguments + options.extraArguments
    }

    /// MariaDB refuses to run as root unless told to; changing to another account would drop the parent-death signal.
    private var accountArguments: [String] { geteuid() == 0 ? ["--user=root"] : [] }

    /// The statements that the server runs on each start, before it answers.
    private func writeAccounts() throws(SandboxError) {
        let user = "'\(MariaDBServer.user)'@'%'"
        // An init file takes one statement per line.
        let statements = [
            "CREATE DATABASE IF NOT EXISTS \(MariaDBServer.ownDatabase);",
            "CREATE USER IF NOT EXISTS \(user) IDENTIFIED BY '\(MariaDBServer.password)';",
            "GRANT SELECT, RELOAD, LOCK TABLES, SHOW DATABASES, PROCESS, REPLICATION SLAVE, BINLOG MONITOR, SLAVE MONITOR "
                + "ON *.* TO \(user);",
            "GRANT ALL PRIVILEGES ON \(MariaDBServer.ownDatabase).* TO \(user);",
        ]
        do {
            try Data(statements.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: accountsFile))
        } catch {
            throw .file(path: accountsFile, reason: "\(error)")
        }
    }

    private static func make(_ path: String) throws(SandboxError) -> String {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
        return URL(fileURLWithPath: path).standardizedFileURL.path
    }

    private static func makeTemporary() throws(SandboxError) -> String {
        try TemporaryDirectory.make(prefix: "rollcall-mariadb")
    }
}
