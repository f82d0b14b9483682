import Foundation
import Testing

@Suite("Any bytes in")
struct CorpusTests {
    /// Committed inputs: seeds, what the fuzzer found worth keeping, and whatever once broke something.
    private static let corpora = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus")

    @Test("every input of the corpora holds what its target promises", arguments: FuzzTarget.all.map(\.name))
    func corpus(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let directory = Self.corpora.appendingPathComponent(name)
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        try #require(!files.isEmpty)
        for file in files.sorted(by: { $0.path < $1.path }) {
            let bytes = [UInt8](try Data(contentsOf: file))
            #expect(throws: Never.self, "\(file.lastPathComponent)") { try target.run(bytes) }
        }
    }

    @Test("halves and neighbours of those inputs do, too", arguments: FuzzTarget.all.map(\.name))
    func neighbours(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let directory = Self.corpora.appendingPathComponent(name)
        for file in try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).prefix(40) {
            let bytes = [UInt8](try Data(contentsOf: file))
            for cut in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 8)) {
                #expect(throws: Never.self, "\(file.lastPathComponent) up to \(cut)") { try target.run(Array(bytes[..<cut])) }
                var other = bytes
                other[cut] ^= 0x20
                #expect(throws: Never.self, "\(file.lastPathComponent) with byte \(cut) changed") { try target.run(other) }
            }
        }
    }
}
