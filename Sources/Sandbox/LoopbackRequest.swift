import FoundationEssentials
import Glibc

/// One HTTP request to a control endpoint of the sandbox, on 127.0.0.1; the caller's thread blocks until it is answered.
///
/// Sandbox must not import the HTTP target's users, and needs no more than this: one request, one answer, no reuse.
struct LoopbackRequest {
    var port: Int
    var method = "GET"
    /// The path with its query, percent-encoded.
    var path: String
    var body: [UInt8] = []
    /// How long connecting, sending and each wait for bytes may take, in milliseconds.
    var timeoutMs = 10_000

    /// The status and the body of an answer.
    struct Answer: Equatable {
        var status: Int
        var body: [UInt8]
    }

    /// Sends the request and reads the answer until the server closes the connection.
    ///
    /// - Throws: ``SandboxError/control(address:reason:)`` if no whole answer came.
    func send() throws(SandboxError) -> Answer {
        let descriptor = try connect()
        defer { close(descriptor) }
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        try write(Array(head.utf8) + body, to: descriptor)
        let received = try readToEnd(descriptor)
        guard let answer = Self.parse(received) else { throw failure("the answer is not a whole HTTP response") }
        return answer
    }

    /// Sends the request and decodes the answer's JSON; any status but 2xx is an error.
    func send<Value: Decodable>(decoding type: Value.Type) throws(SandboxError) -> Value {
        let answer = try sendExpectingSuccess()
        do {
            return try JSONDecoder().decode(type, from: Data(answer.body))
        } catch {
            throw failure("the answer is not what was expected: \(error)")
        }
    }

    /// Sends the request; any status but 2xx is an error.
    @discardableResult
    func sendExpectingSuccess() throws(SandboxError) -> Answer {
        let answer = try send()
        guard 200..<300 ~= answer.status else {
            throw failure("status \(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
        }
        return answer
    }

    private func connect() throws(SandboxError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure(errnoText(errno)) }
        var limit = timeval(tv_sec: timeoutMs / 1_000, tv_usec: timeoutMs % 1_000 * 1_000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                Glibc.connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard connected else {
            let reason = errnoText(errno)
            close(descriptor)
            throw failure(reason)
        }
        return descriptor
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(SandboxError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw failure(errnoText(errno))
            }
        }
    }

    private func readToEnd(_ descriptor: Int32) throws(SandboxError) -> [UInt8] {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1_024)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return received }
            if count > 0 {
                received += buffer[..<count]
            } else if errno != EINTR {
                throw failure(errnoText(errno))
            }
        }
    }

    private func failure(_ reason: String) -> SandboxError {
        .control(address: "\(method) http://127.0.0.1:\(port)\(path)", reason: reason)
    }

    /// Takes an answer apart; `nil` unless head and body are there as a whole.
    private static func parse(_ bytes: [UInt8]) -> Answer? {
        let separator = Array("\r\n\r\n".utf8)
        guard let split = bytes.firstRange(of: separator) else { return nil }
        let lines = String(decoding: bytes[..<split.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let words = lines.first?.split(separator: " "), words.count >= 2, let status = Int(words[1]) else { return nil }
        let body = Array(bytes[split.upperBound...])
        for line in lines.dropFirst() where line.lowercased().hasPrefix("content-length:") {
            guard Int(line.split(separator: ":")[1].filter(\.isNumber)) == body.count else { return nil }
        }
        return Answer(status: status, body: body)
    }
}
