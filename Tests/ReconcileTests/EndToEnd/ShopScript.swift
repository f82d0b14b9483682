import Foundation
import MySQL
import Sandbox
import Synchronization

/// Statements of somebody who may do everything, over one session.
enum ShopScript {
    static func run(_ statements: [String], on stack: Stack) throws {
        var settings = try stack.requireDatabase().rootSettings
        settings.database = "shop"
        let connection = try Connection(settings)
        defer { connection.close() }
        for statement in statements { _ = try connection.execute(statement) }
    }
}

/// A thread that changes rows, again and again, until it is stopped.
final class LiveWriter: Sendable {
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    /// ER_LOCK_DEADLOCK
    private static let deadlock = 1213

    private struct State {
        var isStopping = false
        var rounds = 0
        var failure: (any Error)?
    }

    /// - Parameter statements: What to do in a round; the rounds are numbered from 0.
    init(_ stack: Stack, everyMs: Int, _ statements: @escaping @Sendable (Int) -> [String]) throws {
        let connection = try stack.writerSettings()
        let thread = Thread { [self] in
            do {
                try write(to: connection, everyMs, statements)
            } catch {
                state.withLock { $0.failure = error }
            }
            ended.signal()
        }
        thread.start()
    }

    private func write(to settings: ConnectionSettings, _ everyMs: Int, _ statements: (Int) -> [String]) throws {
        let connection = try Connection(settings)
        defer { connection.close() }
        while !state.withLock({ $0.isStopping }) {
            // After a deadlock the server has rolled the transaction back; customers try something else then.
            for statement in statements(rounds) { guard try execute(statement, on: connection) else { break } }
            state.withLock { $0.rounds += 1 }
            usleep(UInt32(everyMs) * 1_000)
        }
    }

    /// - Returns: False after a deadlock.
    private func execute(_ statement: String, on connection: Connection) throws -> Bool {
        do {
            _ = try connection.execute(statement)
            return true
        } catch {
            guard error.code == Self.deadlock else { throw error }
            return false
        }
    }

    /// How many rounds are done.
    var rounds: Int { state.withLock { $0.rounds } }

    /// Ends the thread, and throws what it met.
    func stop() throws {
        state.withLock { $0.isStopping = true }
        ended.wait()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }
}
