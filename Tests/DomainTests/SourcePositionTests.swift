import Domain
import Testing

@Suite("Source positions")
struct SourcePositionTests {
    private func position(_ text: String) throws -> SourcePosition { try #require(SourcePosition(text)) }

    @Test(
        "are read back as they were printed",
        arguments: [
            "4242@binlog.000017:1234", "binlog.000017:1234", "0@binlog.000001:0",
            "18446744073709551615@b.18446744073709551615:18446744073709551615",
            "1@mysql-bin.host.example.000001:4", "1@a:b.000001:4", "1@.000001:4", "my@host-bin.000001:4",
        ])
    func roundTrip(_ text: String) throws {
        #expect(try position(text).description == text)
    }

    @Test(
        "are not made of anything else",
        arguments: [
            "", ":", "binlog", "binlog:4", "binlog.000001", "binlog.000001:", "binlog.:4", "binlog.x:4", "binlog.000001:-4",
            "binlog.000001:x", "1@binlog.000001", "1@:4", "binlog.000001:18446744073709551616",
            "18446744073709551616@binlog:4",
        ])
    func malformed(_ text: String) {
        #expect(SourcePosition(text) == nil)
    }

    @Test("compare log numbers as numbers, past the sixth digit too")
    func order() throws {
        let ordered = [
            "1@b.000001:4", "1@b.000001:5", "1@b.000001:10", "1@b.000002:4", "1@b.999999:900", "1@b.1000000:4", "1@b.1000001:0",
        ]
        for (i, left) in ordered.enumerated() {
            for (j, right) in ordered.enumerated() {
                let expected: SourcePosition.Order = i < j ? .before : i == j ? .same : .after
                #expect(try position(left).compare(to: position(right)) == expected, "\(left) to \(right)")
                #expect(try position(left).hasReached(position(right)) == (i >= j))
            }
        }
    }

    @Test("of different servers or logs are not compared, and neither has reached the other")
    func incomparable() throws {
        for (left, right) in [("1@b.000001:4", "2@b.000001:4"), ("1@b.000001:4", "1@c.000001:4"), ("b.000009:4", "B.000001:4")] {
            #expect(try position(left).compare(to: position(right)) == .incomparable)
            #expect(try position(right).compare(to: position(left)) == .incomparable)
            #expect(try !position(left).hasReached(position(right)))
            #expect(try !position(right).hasReached(position(left)))
        }
    }

    @Test("that do not name their server, as those of a snapshot, compare with any")
    func unknownServer() throws {
        #expect(try position("b.000001:5").compare(to: position("1@b.000001:4")) == .after)
        #expect(try position("1@b.000001:4").compare(to: position("b.000001:4")) == .same)
    }

    @Test("take a log file's full name")
    func file() {
        #expect(SourcePosition(server: 1, file: "binlog.000017", offset: 4)?.logNumber == 17)
        #expect(SourcePosition(server: 1, file: "binlog.000017", offset: 4)?.file == "binlog.000017")
        #expect(SourcePosition(server: 1, file: "binlog.1000000", offset: 4)?.file == "binlog.1000000")
        #expect(SourcePosition(server: 1, file: "binlog", offset: 4) == nil)
        #expect(SourcePosition(server: 1, file: "", offset: 4) == nil)
    }
}
