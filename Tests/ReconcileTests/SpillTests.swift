import Domain
import Testing

@testable import Reconcile

@Suite("A spill")
struct SpillTests {
    private static func shape(partBits: Int, blockBytes: Int) -> Spill.Shape {
        Spill.Shape(partBits: partBits, blockBytes: blockBytes, directory: SpillFile.defaultDirectory)
    }

    private static func entry(_ number: Int, payloadBytes: Int) -> (SpillEntry, [UInt8]) {
        let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: payloadBytes)
        let entry = SpillEntry(
            key: UserKey(exactly: UInt64(number)), digest: Digest(rawValue: UInt64(number) << 8), payloadBytes: payloadBytes)
        return (entry, payload)
    }

    /// Mostly short ones, now and then one that fills a block, or several.
    private static func payloadBytes(_ number: Int) -> Int {
        switch number % 50 {
        case 7: 464
        case 8: 472
        case 9, 10: 5_000
        default: number % 40
        }
    }

    @Test("shows the entries of a part in the order in which they came, however long they are", arguments: [false, true])
    func order(flushes: Bool) throws {
        var spill = Spill(Self.shape(partBits: 2, blockBytes: 512))
        var expected: [Int: [Int]] = [:]
        for number in 1...4_000 {
            let (entry, payload) = Self.entry(number, payloadBytes: Self.payloadBytes(number))
            try spill.append(entry, payload: payload)
            expected[spill.shape.part(of: entry.key), default: []].append(number)
            // More may come behind what was flushed.
            if flushes, number.isMultiple(of: 700) { try spill.flush() }
        }
        for part in 0..<spill.shape.parts {
            var found: [Int] = []
            try spill.forEach(in: part) { entry, payload, position in
                let number = Int(entry.key.low)
                found.append(number)
                #expect(entry.digest == UInt64(number) << 8)
                #expect(Array(payload) == Self.entry(number, payloadBytes: Self.payloadBytes(number)).1)
                let again = try spill.entry(at: position, in: part)
                #expect(again.entry.key == entry.key && again.payload == Array(payload))
            }
            #expect(found == expected[part])
            #expect(spill.count(in: part) == found.count)
            var cursor = Spill.Cursor()
            var next: [Int] = []
            while let (entry, _) = try spill.next(&cursor, in: part) { next.append(Int(entry.key.low)) }
            #expect(next == found)
        }
    }

    @Test("takes as much memory for a million entries as for a thousand, but for a few bytes")
    func flat() throws {
        func held(_ entries: Int) throws -> Int {
            var spill = Spill(Self.shape(partBits: 4, blockBytes: 512))
            for number in 1...entries { try spill.append(SpillEntry(key: UserKey(exactly: UInt64(number)), digest: nil)) }
            return spill.heldBytes
        }
        // A million entries fill some seventy thousand blocks.
        #expect(try held(1_000_000) < held(1_000) + 32_000)
    }

    @Test("gives its blocks back when it is flushed")
    func flushed() throws {
        var spill = Spill(Self.shape(partBits: 6, blockBytes: 4_096))
        for number in 1...10_000 { try spill.append(SpillEntry(key: UserKey(exactly: UInt64(number)), digest: nil)) }
        #expect(spill.heldBytes > 64 * 4_096)
        try spill.flush()
        #expect(spill.heldBytes < 16_000)
    }

    @Test("an empty one has nothing to show, and nothing to flush")
    func empty() throws {
        var spill = Spill(Self.shape(partBits: 1, blockBytes: 512))
        try spill.flush()
        var cursor = Spill.Cursor()
        #expect(try spill.next(&cursor) == nil)
        try spill.forEach(in: 1) { _, _, _ in Issue.record("there is no entry") }
    }
}

extension Spill {
    /// What it takes of memory, by and large.
    fileprivate var heldBytes: Int {
        buffer.count + parts.reduce(0) { $0 + MemoryLayout<Part>.stride + $1.runs.capacity * MemoryLayout<Run>.stride }
    }
}
