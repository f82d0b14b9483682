import Foundation
import Synchronization

/// A server on loopback that hands each connection to a closure on a thread of its own, so that a test can answer with
/// any bytes, or none, or cut the connection.
final class RawServer: Sendable {
    /// What the server has seen, for expectations.
    struct Seen {
        var connections = 0
        var openConnections = 0
        var requests: [String] = []
        var inFlight = 0
        var peakInFlight = 0
    }

    let port: UInt16
    private let listener: Int32
    private let seen = Mutex(Seen())
    private let open = Mutex<Set<Int32>>([])

    init(_ handle: @escaping @Sendable (Connection) -> Void) throws {
        let (listener, port) = try RawServer.listen()
        self.listener = listener
        self.port = port
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { break }
                seen.withLock {
                    $0.connections += 1
                    $0.openConnections += 1
                }
                _ = open.withLock { $0.insert(descriptor) }
                Thread.detachNewThread {
                    let connection = Connection(descriptor: descriptor, server: self)
                    handle(connection); connection.close()
                }
            }
            Glibc.close(listener)
        }
    }

    /// Answers every request on every connection with what `answer` makes of it.
    convenience init(answering answer: @escaping @Sendable (String) -> String) throws {
        try self.init { connection in
            while let request = connection.readRequest() { connection.send(answer(request)) }
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var snapshot: Seen { seen.withLock { $0 } }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    fileprivate func note(_ change: (inout Seen) -> Void) { seen.withLock { change(&$0) } }

    /// Closes under the lock of `stop`, so that a number that was closed and given out again is never shut down.
    fileprivate func forget(_ descriptor: Int32) {
        open.withLock {
            $0.remove(descriptor)
            Glibc.close(descriptor)
        }
        note { $0.openConnections -= 1 }
    }

    /// Waits until `condition` holds for what the server has seen; false if it does not come about.
    func waits(until condition: (Seen) -> Bool) -> Bool {
        for _ in 0..<12_000 {
            if condition(snapshot) { return true }
            usleep(10_000)
        }
        return false
    }

    /// A listening socket on a free port of 127.0.0.1.
    static func listen() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) != 0 || Glibc.listen(descriptor, 128) != 0
                    || getsockname(descriptor, $0, &length) != 0
            }
        }
        guard descriptor >= 0, !failed else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// A port on which nothing listens.
    static func refusingPort() throws -> UInt16 {
        let (descriptor, port) = try listen()
        Glibc.close(descriptor)
        return port
    }
}

/// The server's end of one connection; used by that connection's thread only.
final class Connection {
    private let descriptor: Int32
    private let server: RawServer
    private var isClosed = false
    private var isAnswering = false

    init(descriptor: Int32, server: RawServer) {
        self.descriptor = descriptor
        self.server = server
    }

    /// The next request, header and body; nil once the client has closed the connection.
    func readRequest() -> String? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].lowercased()
                let length = head.firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
                if text[end.upperBound...].utf8.count >= length {
                    isAnswering = true
                    server.note {
                        $0.requests.append(text)
                        $0.inFlight += 1
                        $0.peakInFlight = max($0.peakInFlight, $0.inFlight)
                    }
                    return text
                }
            }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count <= 0 { return nil }
            bytes += chunk[..<count]
        }
    }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// False once the client has closed the connection.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        if isAnswering {
            isAnswering = false
            server.note { $0.inFlight -= 1 }
        }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    /// Blocks until the client closes the connection.
    func waitForClose() {
        var byte: UInt8 = 0
        while recv(descriptor, &byte, 1, 0) > 0 {}
    }

    /// Closes with a TCP reset, so that the client sees "connection reset by peer".
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        if isAnswering { server.note { $0.inFlight -= 1 } }
        server.forget(descriptor)
    }
}

/// A complete response with a length.
func response(_ status: Int = 200, headers: [String] = [], _ body: String = "ok") -> String {
    let lines = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.utf8.count)"] + headers
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
}
