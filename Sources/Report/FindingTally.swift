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
    private var partitionsOf: [Bucket: [Int32: Int]] = [:]

    public init() {}

    public mutating func add(_ line: FindingLine) {
        let bucket = line.bucket
        causes[bucket, default: 0] += 1
        if examplesOf[bucket, default: []].count < Self.examplesPerBucket {
            examplesOf[bucket, default: []].append(line)
        }
        if let partition = line.partition { partitionsOf[bucket, default: [:]][partition, default: 0] += 1 }
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

    /// Partitions that hold a striking share of a bucket: at least four findings, half of the bucket, and three times what
    /// an even spread would put there. Below that, chance explains it, and a reader would be sent looking for nothing.
    func clusters(partitionCount: (Stage) -> Int) -> [Cluster] {
        causes.keys.sorted().compactMap { bucket in
            let partitions = partitionsOf[bucket] ?? [:]
            let known = partitions.values.reduce(0, +)
            guard let most = partitions.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return nil }
            let isStriking = most.value >= 4 && most.value * 2 >= known && most.value * partitionCount(bucket.stage) >= known * 3
            return isStriking ? Cluster(bucket: bucket, partition: most.key, findings: most.value, of: known) : nil
        }
    }

    private mutating func noteAge(_ line: FindingLine) {
        let record = line.stage == .aggregate ? line.topic : line.god
        guard line.kind == .stale, let writtenAt = record?.writtenAt else { return }
        if let oldest = oldestStale, oldest.writtenAt <= writtenAt { return }
        oldestStale = OldestStale(user: line.user, writtenAt: writtenAt)
    }
}
