import CRDKafka
import Glibc

extension MockBroker {
    /// Lets the brokers at these ports send each answer at once, as Kafka's do (its `SocketServer` sets TCP_NODELAY).
    ///
    /// librdkafka's let the system hold back a short answer until an earlier one was acknowledged, and whoever has nothing to say
    /// acknowledges after 40 ms. A connection inherits the option from the socket that it was accepted on.
    static func answerAtOnce(onPorts ports: Set<UInt16>) {
        guard let directory = opendir("/proc/self/fd") else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            // The name ends at its NUL, and so may the memory that the entry lies in.
            guard let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) else { return }
            let name = String(cString: UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: CChar.self))
            guard let descriptor = Int32(name), let port = listeningPort(descriptor), ports.contains(port) else { continue }
            var isOn: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// The port that a socket takes connections on; nil for anything else.
    private static func listeningPort(_ descriptor: Int32) -> UInt16? {
        var isListening: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening == 1 else { return nil }
        var address = sockaddr_in()
        size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return code == 0 && address.sin_family == sa_family_t(AF_INET) ? UInt16(bigEndian: address.sin_port) : nil
    }
}
