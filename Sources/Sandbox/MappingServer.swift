import FoundationEssentials
import Glibc

/// The mapping service in a process of its own, as its tests and demos hold it.
///
/// Calls block until the service has answered, usually for about a millisecond.
public final class MappingServer: Sendable {
    /// Where mappings are asked for, without a trailing slash: `http://127.0.0.1:40123/mappings`.
    public let url: String
    private let port: Int
    private let process: ChildProcess

    /// Starts the service.
    ///
    /// - Parameters:
    ///   - directory: where its log and its ready file go; must exist.
    ///   - removing: temporary directories to remove if this process ends without having stopped it.
    /// - Throws: ``SandboxError``.
    public init(directory: String, removing: [String] = []) throws(SandboxError) {
        let readyFile = "\(directory)/mapping.json"
        ReadyFile.clear(readyFile)
        process = try ChildProcess(
            RollcallBinary.locate(), ["sandbox-mapping", "--ready-file", readyFile], logFile: "\(directory)/mapping.log",
            removing: removing)
        try process.waitUntil(timeoutMs: 20_000) { ReadyFile.exists(readyFile) }
        port = try ReadyFile.read(readyFile).port
        url = "http://127.0.0.1:\(port)/mappings"
    }

    /// Makes requests fail, or wait, from now on.
    public func setFaults(_ faults: MappingFaults) throws(SandboxError) { try put("/_faults", faults) }

    /// Ends all faults.
    public func clearFaults() throws(SandboxError) { try setFaults(MappingFaults()) }

    /// Changes what the service says: of these users, or of all.
    public func setGeneration(_ generation: Int, users: [String]? = nil) throws(SandboxError) {
        try put("/_generation", MappingState.NewGeneration(generation: generation, users: users))
    }

    /// Lets the service know all users but these.
    public func setUnknownUsers(_ users: Set<String>) throws(SandboxError) { try put("/_unknown", users) }

    /// How requests went since the start.
    public func stats() throws(SandboxError) -> MappingStats {
        try LoopbackRequest(port: port, path: "/_stats").send(decoding: MappingStats.self)
    }

    /// Whether the service's process runs.
    public var isRunning: Bool { process.isRunning }

    /// Stops the service from doing anything, without closing its connections, until ``resume()``.
    public func pause() { process.send(signal: SIGSTOP) }

    /// Lets a paused service go on.
    public func resume() { process.send(signal: SIGCONT) }

    /// Ends the service.
    public func stop() { process.terminate(graceMs: 1_000) }

    private func put(_ path: String, _ value: some Encodable) throws(SandboxError) {
        let body: Data
        do {
            body = try JSONEncoder().encode(value)
        } catch {
            throw .control(address: path, reason: "\(error)")
        }
        try LoopbackRequest(port: port, method: "PUT", path: path, body: Array(body)).sendExpectingSuccess()
    }
}
