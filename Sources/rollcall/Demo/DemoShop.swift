import Domain
import Foundation
import MySQL
import Sandbox
import Synchronization

/// The shop that stays open during the demo: a thread that inserts, updates and deletes users like customers do.
final class DemoShop: Sendable {
    /// Users with ids up to here are left alone, so that what is broken on purpose is not mended by accident.
    static let reserved: UInt64 = 30

    private let users: UInt64
    private let connection: ConnectionSettings
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    private struct State {
        var isStopping = false
        var changes = 0
        var failure: String?
    }

    /// Opens the shop.
    init(_ stack: Stack, users: Int) throws {
        self.users = UInt64(users)
        connection = try stack.writerSettings()
        let thread = Thread { [self] in
            do {
                try serve()
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
            ended.signal()
        }
        thread.name = "rollcall.demo.shop"
        thread.start()
    }

    /// Rows changed so far.
    var changes: Int { state.withLock { $0.changes } }

    /// Closes the shop.
    ///
    /// - Throws: ``CommandError`` when a customer could not be served.
    func close() throws {
        state.withLock { $0.isStopping = true }
        ended.wait()
        if let failure = state.withLock({ $0.failure }) {
            throw CommandError("the demo's writer ended: \(failure)", status: .error)
        }
    }

    private func serve() throws {
        let connection = try Connection(connection)
        defer { connection.close() }
        var next = users + 1
        while !state.withLock({ $0.isStopping }) {
            let user = UInt64.random(in: (Self.reserved + 1)...max(users, Self.reserved + 1))
            for statement in Self.visit(of: user, newUser: &next) { _ = try connection.execute(statement) }
            state.withLock { $0.changes += 1 }
            // About a hundred visits a second: enough that some are always on their way.
            Thread.sleep(forTimeInterval: 0.01)
        }
    }

    private static func visit(of user: UInt64, newUser next: inout UInt64) -> [String] {
        switch Int.random(in: 0..<20) {
        case 0:
            next += 1
            return [
                "INSERT INTO users (user_id, email) VALUES (\(next), 'new\(next)@example.com')",
                "INSERT INTO preferences (user_id, dark_mode) VALUES (\(next), 1)",
            ]
        case 1:
            return [
                "START TRANSACTION", "DELETE FROM preferences WHERE user_id = \(user)",
                "DELETE FROM users WHERE user_id = \(user)", "COMMIT",
            ]
        case 2..<8: return ["UPDATE preferences SET dark_mode = 1 - dark_mode WHERE user_id = \(user)"]
        default: return ["UPDATE users SET credit = credit + 1.25 WHERE user_id = \(user)"]
        }
    }
}
