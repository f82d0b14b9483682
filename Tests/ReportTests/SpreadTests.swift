import Domain
import Testing

@testable import Report

@Suite("How findings spread")
struct SpreadTests {
    @Test("Bins widen tenfold when the ids span more of them, whatever the order; nothing is lost")
    func histogram() {
        let numbers: [Int128] = [7, 7, 12, 105, 999, 1_000, 54_321, 4_200_000]
        var forwards = SpanHistogram.userIDs
        var backwards = SpanHistogram.userIDs
        for number in numbers { forwards.add(number) }
        for number in numbers.reversed() { backwards.add(number) }
        #expect(forwards == backwards)
        #expect(forwards.width == 100_000)
        #expect(forwards.total == numbers.count)
        #expect(forwards.ordered.map(\.start) == [0, 4_200_000])
        #expect(forwards.ordered.map(\.count) == [7, 1])
        #expect(forwards.contiguous.count == 43)
    }

    @Test("Negative ids and the largest of 64 bits have bins too")
    func extremes() {
        var histogram = SpanHistogram.userIDs
        for number in [-1, 0, Int128(Int64.min), Int128(UInt64.max)] as [Int128] { histogram.add(number) }
        #expect(histogram.total == 4)
        #expect(histogram.bins.count <= 100)
        #expect(histogram.ordered.allSatisfy { $0.start % histogram.width == 0 })
    }

    @Test("Two histograms add up to that of all their numbers")
    func sum() {
        var left = SpanHistogram.userIDs
        var right = SpanHistogram.userIDs
        var all = SpanHistogram.userIDs
        for number in 0..<5_000 as Range<Int> {
            let id = Int128(number * number)
            if number % 2 == 0 { left.add(id) } else { right.add(id) }
            all.add(id)
        }
        left.add(right)
        #expect(left == all)
    }

    @Test("Ids that are no numbers are counted by how they begin, in few enough groups")
    func prefixes() {
        var count = PrefixCount()
        for number in 0..<1_000 { count.add("shop-\(number % 40)-\(number)") }
        #expect(count.ordered.count <= 64)
        #expect(count.ordered.reduce(0) { $0 + $1.count } == 1_000)
    }

    @Test(
        "An age falls into the class that names it",
        arguments: [
            (nil, "unknown"), (-5, "under 1 h"), (3_599_999, "under 1 h"), (3_600_000, "1–6 h"), (86_400_000, "1–7 d"),
            (40 * 86_400_000, "over 30 d"),
        ] as [(Int64?, String)])
    func ages(milliseconds: Int64?, name: String) {
        #expect(AgeClass(milliseconds: milliseconds).rawValue == name)
    }

    @Test("What most of a bucket have in common is said: partition, ids, the hour, a table, a field")
    func clusters() throws {
        var tally = FindingTally(asOf: Sample.start)
        for user in 0..<20 {
            let fields = user < 15 ? ["email"] : ["name"]
            let timestampMs = user < 16 ? 1_795_000_000_000 : 1_795_000_000_000 - Int64(user) * 86_400_000
            tally.add(
                try Sample.line(
                    "\(500 + user)", fields: fields, tables: user < 19 ? ["users"] : ["preferences"], partition: 3,
                    timestampMs: timestampMs))
        }
        let texts = tally.clusters(users: 4_000, partitionCounts: [.aggregate: 12]).map(\.text)
        #expect(
            texts == [
                "all 20 lie in partition 3", "all 20 have ids in 500–519", "16 of 20 were last written 2026-11-18",
                "19 of 20 differ in columns of the table users", "15 of 20 differ in the field email",
            ])
        // Among five hundred users, twenty ids in a row are no coincidence worth telling.
        let among500 = tally.clusters(users: 300, partitionCounts: [.aggregate: 1]).map(\.property)
        #expect(among500 == [.lastChange, .table, .field])
    }

    @Test("Partitions without a finding have their place between the others; of very many, only those with findings are shown")
    func partitions() throws {
        var tally = FindingTally(asOf: Sample.start)
        for user in 0..<3 { tally.add(try Sample.line("\(user)", partition: user == 0 ? 1 : 3)) }
        func bars(of count: Int) -> [Distribution.Bar]? {
            tally.distributions(partitionCounts: [.aggregate: count]).first { $0.property == .partition }?.bars
        }
        let few: [Distribution.Bar] = [
            .init(label: "0", findings: 0), .init(label: "1", findings: 1), .init(label: "2", findings: 0),
            .init(label: "3", findings: 2), .init(label: "4", findings: 0),
        ]
        #expect(bars(of: 5) == few)
        #expect(bars(of: 1_000) == [.init(label: "1", findings: 1), .init(label: "3", findings: 2)])
    }

    @Test("However many fields and partitions a topic makes up, what is kept stays small")
    func bounded() throws {
        var spread = FindingSpread()
        for number in 0..<3_000 {
            spread.add(try Sample.line("\(number)", fields: ["field \(number)"]), asOf: Sample.start)
        }
        #expect(spread.fields.count == 200)
        #expect(spread.withFields == 3_000)
        #expect(spread.distributions.allSatisfy { $0.bars.count <= 100 })
    }

    @Test("SHA-256 has the digests of the standard's examples")
    func sha256() {
        func hex(_ text: String) -> String {
            SHA256.digest(of: Array(text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(base64(Array("f".utf8)) == "Zg==" && base64(Array("fo".utf8)) == "Zm8=" && base64(Array("foo".utf8)) == "Zm9v")
    }

    @Test("Text between tags, in attributes and in the data of a script cannot end what it stands in")
    func markup() {
        let text = "</script><b a='\"&\u{202E}"
        let markup: Markup = "<p title=\"\(text)\">\(text)</p>"
        let escaped = "&lt;/script&gt;&lt;b a=&#39;&quot;&amp;\\u{202e}"
        #expect(markup.html == "<p title=\"\(escaped)\">\(escaped)</p>")
        #expect(Markup.json(JSONValue.string(text).bytes).html == "\"\\u003c/script>\\u003cb a='\\\"&\u{202E}\"")
    }
}
