import Domain

/// Counts findings as they pass by, in memory that does not grow with their number.
public struct FindingTally: Sendable {
    /// Examples kept of each bucket.
    public static let examplesPerBucket = 3
    /// Examples kept altogether: a first screen shows fewer, a page of Markdown not many more.
    static let examplesAtMost = 30

    public private(set) var causes: [Bucket: Int] = [:]
    public private(set) var oldestStale: OldestStale?
    private var examplesOf: [Bucket: [FindingLine]] = [:]
    private var spreadOf: [Bucket: FindingSpread] = [:]
    private let asOf: UTCTime

    /// - Parameter asOf: The moment that the age of stale values is measured against: the run's start.
    public init(asOf: UTCTime = .now()) {
        self.asOf = asOf
    }

    public mutating func add(_ line: FindingLine) {
        let bucket = line.bucket
        causes[bucket, default: 0] += 1
        if examplesOf[bucket, default: []].count < Self.examplesPerBucket {
            examplesOf[bucket, default: []].append(line)
        }
        spreadOf[bucket, default: FindingSpread()].add(line, asOf: asOf)
        noteAge(line)
    }

    public var total: Int { causes.values.reduce(0, +) }

    public func count(_ stage: Stage, _ kind: Kind) -> Int {
        causes.reduce(0) { $0 + ($1.key.stage == stage && $1.key.kind == kind ? $1.value : 0) }
    }

    /// Findings of the stage whose cause is a parked record.
    public func parked(at stage: Stage) -> Int {
        causes.reduce(0) { $0 + ($1.key.stage == stage && $1.key.isParked ? $1.value : 0) }
    }

    func hasFindings(at stage: Stage) -> Bool { causes.keys.contains { $0.stage == stage } }

    /// A few of each bucket, in the order of the buckets; fewer of each when there are many buckets.
    var examples: [FindingLine] {
        let each = max(1, Self.examplesAtMost / max(1, causes.count))
        let lines = causes.keys.sorted().flatMap { examplesOf[$0, default: []].prefix(each) }
        return Array(lines.prefix(Self.examplesAtMost))
    }

    /// What findings of a bucket strikingly have in common, in the order of the buckets.
    ///
    /// - Parameters:
    ///   - users: Users that there are.
    ///   - partitionCounts: Partitions of each stage's topic.
    func clusters(users: Int, partitionCounts: [Stage: Int]) -> [Cluster] {
        let judge = ClusterJudge(partitionCounts: partitionCounts, users: users)
        return causes.keys.sorted().flatMap { bucket in
            spreadOf[bucket].map { judge.clusters(of: bucket, $0) } ?? []
        }
    }

    /// How all findings spread, by stage where the property is a stage's own.
    ///
    /// - Parameter partitionCounts: Partitions of each stage's topic.
    func distributions(partitionCounts: [Stage: Int]) -> [Distribution] {
        func spread(_ isMeant: (Bucket) -> Bool) -> FindingSpread {
            spreadOf.sorted { $0.key < $1.key }.reduce(into: FindingSpread()) { sum, entry in
                if isMeant(entry.key) { sum.add(entry.value) }
            }
        }
        return Stage.allCases.compactMap { stage in
            spread { $0.stage == stage }.byPartition(of: stage, count: partitionCounts[stage, default: 0])
        } + spread { _ in true }.distributions
    }

    private mutating func noteAge(_ line: FindingLine) {
        guard let writtenAt = line.staleSince else { return }
        if let oldest = oldestStale, oldest.writtenAt <= writtenAt { return }
        oldestStale = OldestStale(user: line.user, writtenAt: writtenAt)
    }
}
