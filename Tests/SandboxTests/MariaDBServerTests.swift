import Foundation
import Sandbox
import Testing

@Suite("A private MariaDB server")
struct MariaDBServerTests {
    @Test("starts, restarts on its port, and ends with its object")
    func lifeOfAServer() throws {
        var server: MariaDBServer? = try MariaDBServer()
        let directory = try #require(server?.directory)
        #expect(server?.isRunning == true)
        server?.stop()
        #expect(server?.isRunning == false)
        try server?.restart()
        #expect(server?.isRunning == true)
        server = nil
        #expect(!FileManager.default.fileExists(atPath: directory))
    }
}
