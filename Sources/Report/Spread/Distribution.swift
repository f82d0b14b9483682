import Domain

/// How the findings of a run spread over one property: the bars of a chart.
public struct Distribution: Sendable, Equatable {
    public enum Property: String, Sendable, CaseIterable {
        /// The partition of the stage's topic.
        case partition
        /// Ranges of whole-number ids, or the beginnings of others.
        case userID = "user_id"
        /// When the record in question was last written, by the hour or coarser.
        case lastChange = "last_change"
        /// The fields that differ; one finding can differ in several.
        case field
        /// The tables that the differing fields come from; one finding can be about several.
        case table
        /// How long stale values have been lying there.
        case staleness
    }

    public struct Bar: Sendable, Equatable {
        /// `7`, `1,000–1,999`, `2026-11-22 08:00`, `email`, `1–7 d`.
        public var label: String
        public var findings: Int

        public init(label: String, findings: Int) {
            self.label = label
            self.findings = findings
        }
    }

    public var property: Property
    /// The stage whose findings are counted; nil where both are.
    public var stage: Stage?
    /// In their natural order; bars of nothing between others included where the property is a scale.
    public var bars: [Bar]
    /// Findings whose property is known: the sum of the bars, except for fields and tables.
    public var of: Int

    public init(property: Property, stage: Stage? = nil, bars: [Bar], of: Int) {
        self.property = property
        self.stage = stage
        self.bars = bars
        self.of = of
    }
}

extension FindingSpread {
    /// Bars that a chart of named things shows at most; the rest is summed up in one more.
    private static let namedBarsAtMost = 24
    /// A topic of more partitions shows only those that have findings: bars thinner than a pixel show nothing.
    private static let partitionBarsAtMost = 300

    /// The partitions of a stage's topic, those without a finding between the others: that most are empty says as much as that one
    /// is full. Nil where no partition is known.
    ///
    /// - Parameter count: How many partitions the topic has.
    func byPartition(of stage: Stage, count: Int) -> Distribution? {
        guard !partitions.isEmpty else { return nil }
        let empty = count <= Self.partitionBarsAtMost ? 0..<Int32(count) : 0..<0
        let bars = Set(partitions.keys).union(empty).sorted().map {
            Distribution.Bar(label: "\($0)", findings: partitions[$0, default: 0])
        }
        return Distribution(property: .partition, stage: stage, bars: bars, of: partitions.values.reduce(0, +))
    }

    /// The bars of every other property that anything is known of.
    var distributions: [Distribution] {
        var all: [Distribution] = []
        func add(_ property: Distribution.Property, _ bars: [Distribution.Bar], of total: Int) {
            if total > 0, !bars.isEmpty { all.append(Distribution(property: property, bars: bars, of: total)) }
        }
        let beginnings = prefixes.ordered
        add(
            .userID,
            numbers.contiguous.map { .init(label: Self.idRange($0.start, width: numbers.width), findings: $0.count) }
                + Self.named(beginnings.map { ($0.prefix + "…", $0.count) }),
            of: numbers.total + beginnings.reduce(0) { $0 + $1.count })
        add(
            .lastChange,
            hours.contiguous.map { .init(label: Self.hourRange($0.start, width: hours.width), findings: $0.count) },
            of: hours.total)
        add(.table, Self.named(Self.byNumber(tables)), of: withTables)
        add(.field, Self.named(Self.byNumber(fields)), of: withFields)
        add(
            .staleness, AgeClass.allCases.compactMap { age in ages[age].map { .init(label: age.rawValue, findings: $0) } },
            of: ages.values.reduce(0, +))
        return all
    }

    private static func byNumber(_ counts: [String: Int]) -> [(String, Int)] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { ($0.key, $0.value) }
    }

    private static func named(_ counts: [(String, Int)]) -> [Distribution.Bar] {
        let shown = counts.prefix(namedBarsAtMost).map { Distribution.Bar(label: $0.0, findings: $0.1) }
        let rest = counts.dropFirst(namedBarsAtMost)
        guard !rest.isEmpty else { return shown }
        return shown + [.init(label: "\(PlainText.grouped(rest.count)) others", findings: rest.reduce(0) { $0 + $1.1 })]
    }

    /// `1,000–1,999`, or `1,000` alone.
    static func idRange(_ start: Int128, width: Int128) -> String {
        width == 1 ? PlainText.grouped(start) : "\(PlainText.grouped(start))–\(PlainText.grouped(start + width - 1))"
    }

    /// `2026-11-22 08:00` for an hour; for longer bins, when they begin.
    static func hourRange(_ start: Int128, width: Int128) -> String {
        let time = UTCTime(millisecondsSince1970: Int64(clamping: start * 3_600_000)).readable
        return width >= 24 ? String(time.prefix(10)) : String(time.prefix(16))
    }
}
