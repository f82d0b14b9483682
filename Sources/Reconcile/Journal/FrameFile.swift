import Domain
import Glibc

/// A file of frames: length and kind, digest, content. What a crash tore off at the end does not match its digest.
final class FrameFile {
    let path: String
    private let descriptor: Int32
    /// Where the next frame goes.
    private(set) var end = 0

    private static let prefixBytes = 16
    /// A length beyond this is damage, and no reason to ask for so much memory.
    private static let largestFrameBytes: UInt64 = 64 << 20

    struct Frame {
        var kind: UInt8
        var content: [UInt8]
        /// Where the next one begins.
        var next: Int
    }

    /// Begins a new file, for its owner's eyes only.
    init(creating path: String) throws(ReconcileError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
    }

    /// Opens a file that is there; nil where there is none.
    init?(opening path: String) {
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        self.path = path
    }

    deinit { close(descriptor) }

    /// Forgets everything from there on.
    func rewind(to place: Int) { end = place }

    func append(_ kind: UInt8, _ content: UnsafeRawBufferPointer) throws {
        var prefix = PayloadWriter()
        prefix.add(UInt64(content.count) << 8 | UInt64(kind))
        prefix.add(Digest(of: content).rawValue)
        try prefix.bytes.withUnsafeBytes { bytes in try write(bytes) }
        try write(content)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(ReconcileError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(end + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            done += count
        }
        end += done
    }

    /// The frame at a place; nil where there is no whole one.
    func frame(at place: Int) -> Frame? {
        guard let prefix = read(Self.prefixBytes, at: place) else { return nil }
        var reader = PayloadReader(prefix)
        guard let sizes = try? reader.number(), let digest = try? reader.number(), sizes >> 8 <= Self.largestFrameBytes,
            let content = read(Int(sizes >> 8), at: place + Self.prefixBytes), Digest(of: content).rawValue == digest
        else { return nil }
        return Frame(
            kind: UInt8(truncatingIfNeeded: sizes), content: content, next: place + Self.prefixBytes + content.count)
    }

    private func read(_ count: Int, at place: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(place + done))
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { return nil }
            done += read
        }
        return bytes
    }

    private static func failure(_ path: String) -> ReconcileError {
        .temporaryFile(directory: path, reason: String(cString: strerror(errno)))
    }
}
