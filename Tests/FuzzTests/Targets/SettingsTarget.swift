import Domain
import Glibc

@testable import Report
@testable import rollcall

extension FuzzTarget {
    /// A settings file is loaded, or refused with everything that is wrong with it, each with its place and a sentence.
    static let settings = FuzzTarget(name: "settings") { bytes in
        let file = try MemoryFile(bytes)
        let loaded = Result { () throws(SettingsError) in
            try SettingsLoader(file: file.path, environment: [:], needs: []).load()
        }
        switch loaded {
        case .success(let settings):
            let listing = SettingsListing(settings)
            try demand(ReferenceJSON(listing.json.bytes) != nil, "`config show --json` is no JSON")
            try demand(!listing.text.isEmpty, "`config show` is empty")
        case .failure(let error):
            try demand(!error.problems.isEmpty, "refused without a problem")
            for problem in error.problems {
                try demand(!problem.message.isEmpty, "a problem without a sentence: \(problem)")
                if case .file(_, let line, let column) = problem.origin {
                    try demand(line >= 1 && column >= 1, "a problem without a place: \(problem)")
                }
            }
        }
    }
}

/// A file that lies in memory only, since a disk would be the slowest part of this.
private final class MemoryFile {
    private let descriptor: Int32
    var path: String { "/proc/self/fd/\(descriptor)" }

    init(_ bytes: [UInt8]) throws {
        // mkstemp writes a name that is not taken in the place of the six X.
        var name = Array("/dev/shm/rollcall-fuzz-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0, unlink(name) == 0, write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Broken(description: "no memory file: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }
}
