import Domain
import Testing

@Suite("Sets of transactions by their global ids")
struct GTIDSetTests {
    private static let a = "3e11fa47-71ca-11e1-9e33-c80aa9429562"
    private static let b = "ffffffff-71ca-11e1-9e33-c80aa9429562"

    private func set(_ text: String) throws -> GTIDSet { try #require(GTIDSet(text)) }

    @Test(
        "are read as either server writes them, and written in one form",
        arguments: [
            ("\(a):5", "\(a):5"), ("\(a):1-5:11-18", "\(a):1-5:11-18"), ("\(b):1,\n\(a):3-3", "\(a):3,\(b):1"),
            ("\(a.uppercased()):1-2", "\(a):1-2"), ("\(a):1-3:4-5:2", "\(a):1-5"),
            ("\(a):1-3:app:1-2:9,\(a):app:3", "\(a):1-3,\(a):app:1-3:9"),
            ("0-1-57", "0-1-57"), ("2-1-5, 0-4242-1021", "0-4242-1021,2-1-5"),
        ])
    func reading(_ text: String, _ written: String) throws {
        #expect(try set(text).description == written)
        #expect(try set(written) == set(text))
    }

    @Test(
        "are not made of anything else",
        arguments: [
            "", " ", "x", "0-1", "0-1-", "0-1-2-3", "-1-2-3", "0-1-x", "\(a)", "\(a):", "\(a):0", "\(a):5-3", "\(a):1-2-3",
            "abc:1",
            "\(a):1-5,0-1-57", "0-1-57,\(a):1", "\(a):1:2x",
        ])
    func malformed(_ text: String) {
        #expect(GTIDSet(text) == nil)
    }

    @Test(
        "contain what each of their sources has, gaps and all",
        arguments: [
            ("\(a):1-5", "\(a):5", true), ("\(a):1-5", "\(a):6", false), ("\(a):1-5:8", "\(a):4-8", false),
            ("\(a):1-5:8", "\(a):8:2-3", true), ("\(a):1-5", "\(b):1", false), ("\(a):1-5,\(b):1-9", "\(b):9,\(a):1", true),
            ("\(a):1-5", "\(a):app:1", false), ("\(a):app:1-5", "\(a):app:3", true),
            ("0-1-57", "0-1-57", true), ("0-1-57", "0-2-56", true), ("0-1-57", "0-1-58", false), ("0-1-57", "1-1-1", false),
            ("0-1-57,1-1-3", "1-9-2", true), ("0-1-57", "\(a):1", false), ("\(a):1-5", "0-1-1", false),
        ])
    func containment(_ whole: String, _ part: String, _ isContained: Bool) throws {
        #expect(try set(whole).contains(set(part)) == isContained)
    }

    @Test("of one kind have a union, the smallest that contains both")
    func union() throws {
        #expect(try set("\(Self.a):1-3").union(set("\(Self.a):4,\(Self.b):7")) == set("\(Self.a):1-4,\(Self.b):7"))
        #expect(try set("0-1-5,1-1-9").union(set("0-2-7")) == set("0-2-7,1-1-9"))
        #expect(try set("0-1-5").union(set("\(Self.a):1")) == nil)
        let full = try set("\(Self.a):1-18446744073709551615")
        #expect(try full.union(set("\(Self.a):5")) == full)
    }

    @Test("of a server that has executed nothing are empty, and contain nothing but the like")
    func empty() throws {
        let nothing = try #require(GTIDSet(executed: ""))
        #expect(nothing.isEmpty)
        #expect(try !nothing.contains(set("\(Self.a):1")))
        #expect(try set("\(Self.a):1").contains(nothing))
        #expect(GTIDSet(newest: []).isEmpty)
        #expect(GTIDSet(newest: [(domain: 0, server: 1, sequence: 57)]).description == "0-1-57")
    }

    // MARK: - As positions

    private func position(_ text: String) throws -> SourcePosition { try #require(SourcePosition(text)) }

    @Test(
        "stand in positions, alone or beside a place in the log",
        arguments: [
            "gtid=0-1-57", "gtid=\(a):1-5", "gtid=", "4242@binlog.000017:1234 gtid=0-1-57", "binlog.000017:4 gtid=\(a):1:3-5",
        ])
    func roundTrip(_ text: String) throws {
        #expect(try position(text).description == text)
    }

    @Test("make no position of nonsense", arguments: ["gtid=x", "binlog.000017:4gtid=0-1-57", "x gtid=0-1-57", " gtid=0-1-57"])
    func malformedPosition(_ text: String) {
        #expect(SourcePosition(text) == nil)
    }

    @Test("decide where the places in the log cannot be compared, as after a failover, and only there")
    func comparison() throws {
        let event = try position("1@b.000002:4 gtid=\(Self.a):7")
        let snapshot = try position("gtid=\(Self.a):1-7,\(Self.b):1-2")
        #expect(snapshot.hasReached(event))
        #expect(snapshot.compare(to: event) == .after)
        #expect(event.compare(to: snapshot) == .before)
        let older = try position("gtid=\(Self.a):1-6,\(Self.b):1-2")
        #expect(!older.hasReached(event))
        #expect(older.compare(to: event) == .incomparable, "neither contains the other")
        #expect(older.isComparable(to: event), "and yet it has clearly not reached it")
        #expect(try position("2@b.000001:4 gtid=0-1-57").hasReached(position("1@b.000009:4 gtid=0-1-57")))
        #expect(try !position("1@b.000001:4 gtid=0-1-57").hasReached(position("1@b.000009:4 gtid=0-1-57")))
        #expect(try !position("gtid=0-1-57").isComparable(to: position("1@b.000001:4")))
        #expect(try !position("gtid=0-1-57").isComparable(to: position("gtid=\(Self.a):1")))
    }

    @Test("are joined with the place, so that who has reached the join has reached both")
    func join() throws {
        let first = try position("1@b.000001:4 gtid=\(Self.a):3")
        let second = try position("1@b.000001:9 gtid=\(Self.a):5")
        let both = try #require(first.joined(with: second))
        #expect(both.description == "1@b.000001:9 gtid=\(Self.a):3:5")
        #expect(second.joined(with: first) == both)
        #expect(try position("gtid=\(Self.a):1-5").hasReached(both))
        #expect(try !position("gtid=\(Self.a):4-5").hasReached(both))
        #expect(try first.joined(with: position("1@b.000001:9"))?.description == "1@b.000001:9 gtid=\(Self.a):3")
        #expect(try first.joined(with: position("2@b.000001:9 gtid=\(Self.a):5"))?.description == "gtid=\(Self.a):3:5")
        #expect(try first.joined(with: position("2@b.000001:9")) == nil)
        #expect(try position("1@b.000001:4").joined(with: position("gtid=0-1-5")) == nil)
        #expect(try position("1@b.000001:4").joined(with: position("1@b.000002:4"))?.description == "1@b.000002:4")
    }
}
