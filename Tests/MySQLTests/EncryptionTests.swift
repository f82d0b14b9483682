import Foundation
import MySQL
import Sandbox
import Testing

@Suite("Encryption")
struct EncryptionTests {
    /// A server whose certificate, signed by itself, is made out to `name`; and the file that proves it.
    private func startServer(certificateFor name: String) throws -> (server: MariaDBServer, caFile: String) {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rollcall-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let (key, certificate) = ("\(directory)/key.pem", "\(directory)/cert.pem")
        let openssl = try ChildProcess(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=sandbox", "-addext", "subjectAltName=\(name)", "-keyout", key, "-out", certificate,
            ],
            logFile: "\(directory)/log", package: "openssl")
        try #require(openssl.waitForExit(timeoutMs: 30_000) == .exited(0), "\(openssl.logTail())")
        var options = MariaDBServer.Options()
        options.extraArguments = ["--ssl-ca=\(certificate)", "--ssl-cert=\(certificate)", "--ssl-key=\(key)"]
        return (try MariaDBServer(directory: directory, options: options), certificate)
    }

    @Test("is on when asked for, and the server's certificate is checked against authority and address")
    func verified() throws {
        let (server, caFile) = try startServer(certificateFor: "IP:127.0.0.1")
        defer { try? FileManager.default.removeItem(atPath: server.directory) }
        var settings = server.settings
        settings.tls = ConnectionSettings.TLS(caFile: caFile)
        let cipher = "SHOW SESSION STATUS LIKE 'Ssl_cipher'"
        #expect(try Connection(settings).query(cipher).text(0, 1)?.isEmpty == false)

        settings.tls = ConnectionSettings.TLS()
        let error = try #require(throws: MySQLError.self, "nobody on this machine has signed it") { try Connection(settings) }
        #expect(!error.isRetriable)
        settings.tls = ConnectionSettings.TLS(verifiesServer: false)
        #expect(try Connection(settings).query(cipher).text(0, 1)?.isEmpty == false)
    }

    @Test("refuses a certificate that is made out to somebody else")
    func otherName() throws {
        let (server, caFile) = try startServer(certificateFor: "DNS:elsewhere.example")
        defer { try? FileManager.default.removeItem(atPath: server.directory) }
        var settings = server.settings
        settings.tls = ConnectionSettings.TLS(caFile: caFile)
        #expect(throws: MySQLError.self) { try Connection(settings) }
    }

    @Test("is not given up silently for a server that cannot do it")
    func noTLS() throws {
        var options = MariaDBServer.Options()
        options.extraArguments = ["--skip-ssl"]
        let server = try MariaDBServer(options: options)
        var settings = server.settings
        for verifiesServer in [true, false] {
            settings.tls = ConnectionSettings.TLS(verifiesServer: verifiesServer)
            let error = try #require(throws: MySQLError.self) { try Connection(settings) }
            #expect(!error.isRetriable)
        }
        settings.tls = nil
        #expect(try Connection(settings).query("SELECT 1").rowCount == 1)
    }
}
