import Foundation
import Glibc
import Synchronization

/// A small HTTP server on a free port of 127.0.0.1, with a thread per connection: tests that block leave no thread to a server
/// that needs Swift's own pool.
final class LoopbackHTTP: Sendable {
    struct Request: Sendable {
        var method: String
        /// Without its query.
        var path: String
        /// By name in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
    }

    let url: String
    private let listener: Int32
    private let open = Mutex<Set<Int32>>([])

    /// - Parameter answer: nil leaves the client without an answer until it goes away.
    init(_ answer: @escaping @Sendable (Request) -> Answer?) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) != 0 || listen(listener, 64) != 0 || getsockname(listener, $0, &length) != 0
            }
        }
        guard listener >= 0, !failed else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        self.listener = listener
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread.detachNewThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0 { break }
                _ = open.withLock { $0.insert(descriptor) }
                Thread.detachNewThread { [self] in serve(descriptor, answer) }
            }
            close(listener)
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    private func serve(_ descriptor: Int32, _ answer: (Request) -> Answer?) {
        while let request = Self.read(descriptor) {
            guard let answer = answer(request) else {
                var byte: UInt8 = 0
                while recv(descriptor, &byte, 1, 0) > 0 {}
                break
            }
            let head = "HTTP/1.1 \(answer.status) Status\r\nContent-Length: \(answer.body.count)\r\n\r\n"
            guard Self.send(Array(head.utf8) + answer.body, descriptor) else { break }
        }
        // Under the lock of `stop`, so that a number that was closed and given out again is never shut down.
        open.withLock {
            $0.remove(descriptor)
            close(descriptor)
        }
    }

    private static func send(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The next request; nil once the client has closed the connection.
    private static func read(_ descriptor: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            if let request = Request(bytes) { return request }
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
        }
    }
}

extension LoopbackHTTP.Request {
    /// Parses a request; nil while parts of it are missing.
    fileprivate init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        let body = bytes[end.upperBound...]
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        guard body.count >= length else { return nil }
        self.init(
            method: words[0], path: String(words[1].prefix { $0 != "?" }), headers: headers, body: Array(body.prefix(length)))
    }
}
