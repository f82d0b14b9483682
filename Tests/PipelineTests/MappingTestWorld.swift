import Domain
import Foundation
import HTTP
import Synchronization

@testable import Pipeline

/// A clock that only sleeping moves, so that back-off takes no real time and every run waits alike.
final class MappingTestClock: Pipeline.Clock {
    var nowMs: Int64 = 1_800_000_000_000
    private(set) var slept: [Int] = []
    var whileSleeping: () throws -> Void = {}

    func sleep(ms: Int) throws {
        slept.append(ms)
        nowMs += Int64(ms)
        try whileSleeping()
    }

    var sleptMs: Int { slept.reduce(0, +) }
}

/// Answers without a network: one request at a time, in order.
final class MappingTestTransport: MappingTransport {
    var answer: (String) -> Result<Response, HTTPError>
    private(set) var urls: [String] = []

    init(_ answer: @escaping (String) -> Result<Response, HTTPError>) {
        self.answer = answer
    }

    func perform(
        maxConcurrent: Int, next: () throws -> (id: Int, request: Request)?, whileWaiting: () throws -> Void,
        onComplete: (Int, Result<Response, HTTPError>) throws -> Void
    ) throws {
        while let (id, request) = try next() {
            urls.append(request.url)
            try whileWaiting()
            try onComplete(id, answer(request.url))
        }
    }
}

func mappingResponse(_ status: Int = 200, _ body: String = "{}", headers: [Header] = []) -> Result<Response, HTTPError> {
    .success(Response(status: status, headers: headers, body: Array(body.utf8), effectiveURL: "http://ids/", totalTimeMs: 1))
}

/// What a test compares answers by.
func shown(_ answer: MappingAnswer?) -> String {
    switch answer {
    case .found(let bytes)?: String(decoding: bytes, as: UTF8.self)
    case .notFound?: "not found"
    case .failed(let reason)?: "failed: \(reason)"
    case nil: "no answer"
    }
}

func userIDs(_ texts: String...) -> [UserID] { texts.map { UserID($0) } }

/// A mapping service on loopback whose every answer a test decides, byte by byte; each connection has a thread.
final class MappingTestServer: Sendable {
    enum Act: Sendable {
        case send(String)
        /// Sends this, then closes.
        case sendAndClose(String)
        case reset
        case hang
    }

    let port: UInt16
    private let listener: Int32
    private let act: @Sendable (_ path: String, _ count: Int) -> Act
    private let seen = Mutex<(connections: Int, paths: [String])>((0, []))

    /// - Parameter act: Given a request's path and how often that path was asked for, this one included.
    init(port: UInt16 = 0, _ act: @escaping @Sendable (_ path: String, _ count: Int) -> Act) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) != 0 || listen(descriptor, 64) != 0 || getsockname(descriptor, $0, &length) != 0
            }
        }
        guard !failed else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        listener = descriptor
        self.port = UInt16(bigEndian: address.sin_port)
        self.act = act
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { break }
                seen.withLock { $0.connections += 1 }
                Thread.detachNewThread { [self] in serve(connection) }
            }
            close(listener)
        }
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var paths: [String] { seen.withLock { $0.paths } }
    var connections: Int { seen.withLock { $0.connections } }

    /// Refuses further connections from now on.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var text = ""
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            guard let end = text.range(of: "\r\n\r\n") else {
                let count = recv(connection, &chunk, chunk.count, 0)
                if count <= 0 { return }
                text += String(decoding: chunk[..<count], as: UTF8.self)
                continue
            }
            let path = String(text.split(separator: " ")[1])
            text = String(text[end.upperBound...])
            let count = seen.withLock {
                $0.paths.append(path)
                return $0.paths.count { $0 == path }
            }
            switch act(path, count) {
            case .send(let answer): write(answer, to: connection)
            case .sendAndClose(let answer): return write(answer, to: connection)
            case .hang: while recv(connection, &chunk, chunk.count, 0) > 0 {}
            case .reset:
                var linger = linger(l_onoff: 1, l_linger: 0)
                setsockopt(connection, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
                return
            }
        }
    }

    private func write(_ text: String, to connection: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// A complete HTTP answer.
func mappingAnswer(_ status: Int = 200, _ body: String, headers: String...) -> MappingTestServer.Act {
    let head = ["HTTP/1.1 \(status) Status", "Content-Length: \(body.utf8.count)"] + headers
    return .send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
}
