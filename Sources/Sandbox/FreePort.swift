import Glibc

/// Finds TCP ports on 127.0.0.1 for servers that cannot pick one themselves.
public enum FreePort {
    /// A port that was free a moment ago; somebody else may take it first, so the caller retries on a conflict.
    ///
    /// - Throws: ``SandboxError/cannotStart(program:reason:)`` if the system has none to give.
    public static func find() throws(SandboxError) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, size) == 0 && getsockname(descriptor, generic, &size) == 0
            }
        }
        guard result else { throw failure() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func failure() -> SandboxError {
        .cannotStart(program: "a server on 127.0.0.1", reason: errnoText(errno))
    }
}
