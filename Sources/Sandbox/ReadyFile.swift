import Foundation

/// The file by which a part of the sandbox tells its supervisor that it is ready, and where it can be reached.
///
/// It appears under its name as a whole, so that who sees it can read it.
enum ReadyFile {
    /// What the broker and the mapping service tell.
    struct Address: Codable, Equatable {
        /// The port of the HTTP endpoint on 127.0.0.1.
        var port: Int
        /// The broker's `bootstrap.servers`; absent for other parts.
        var bootstrap: String?
    }

    /// Writes the file.
    static func write(_ address: Address, to path: String) throws(SandboxError) {
        do {
            try JSONEncoder().encode(address).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
    }

    /// Reads the file.
    static func read(_ path: String) throws(SandboxError) -> Address {
        do {
            return try JSONDecoder().decode(Address.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
    }

    /// Removes what an earlier process left.
    static func clear(_ path: String) {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Whether the file is there.
    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path)
    }
}
