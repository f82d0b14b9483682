import Dispatch
import Foundation

/// Gives the main thread of a process to one service of the sandbox.
public enum ServiceProcess {
    /// Runs the service until it ends, and then ends the process: with 0, or with 1 and the error on standard error.
    public static func run(_ service: @escaping @Sendable () async throws -> Void) -> Never {
        Task {
            do {
                try await service()
                exit(0)
            } catch {
                FileHandle.standardError.write(Data("rollcall: \(error)\n".utf8))
                exit(1)
            }
        }
        dispatchMain()
    }
}
