import Glibc

/// A file that is read from its beginning to its end.
struct InputFile: ~Copyable {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws(ReportError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(reading: path) }
    }

    deinit { close(descriptor) }

    /// Appends at most that many bytes; false at the end of the file.
    func read(atMost count: Int, into buffer: inout [UInt8]) throws(ReportError) -> Bool {
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: count))
        while true {
            let received = buffer[start...].withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if received < 0, errno == EINTR { continue }
            let error = received < 0 ? ReportError.system(reading: path) : nil
            buffer.removeLast(count - max(0, received))
            if let error { throw error }
            return received > 0
        }
    }

    /// All bytes of a file.
    static func contents(of path: String) throws(ReportError) -> [UInt8] {
        let file = try InputFile(path)
        var bytes: [UInt8] = []
        while try file.read(atMost: 64 * 1024, into: &bytes) {}
        return bytes
    }
}
