import Domain

/// Decides what the findings of a bucket have strikingly in common.
///
/// A cluster has to be worth a reader's way: at least four findings, at least half of the bucket, and far more than chance would
/// put there. Below that a reader would be sent looking for nothing.
struct ClusterJudge {
    /// Partitions of each stage's topic; absent or 0 where it is not known.
    let partitionCounts: [Stage: Int]
    /// Users that there are, which is what a range of ids is held against.
    let users: Int

    private static let findingsAtLeast = 4

    func clusters(of bucket: Bucket, _ spread: FindingSpread) -> [Cluster] {
        [
            partition(bucket, spread), idRange(bucket, spread), idPrefix(bucket, spread), hour(bucket, spread),
            most(of: spread.tables, .table, bucket, spread.withTables),
            most(of: spread.fields, .field, bucket, spread.withFields),
        ].compactMap { $0 }
    }

    /// Three times what an even spread would put there.
    private func partition(_ bucket: Bucket, _ spread: FindingSpread) -> Cluster? {
        let known = spread.partitions.values.reduce(0, +)
        guard let most = spread.partitions.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), isMuch(most.value, of: known),
            most.value * partitionCounts[bucket.stage, default: 0] >= known * 3
        else { return nil }
        return Cluster(
            bucket: bucket, property: .partition, value: "\(most.key)", partition: most.key, findings: most.value, of: known)
    }

    /// All of them in a stretch of ids that would hold a twentieth of the users if there were no gaps between ids. Where there
    /// are gaps, the stretch is less of a coincidence than it looks, and none is claimed for ids that are spread wider than that.
    private func idRange(_ bucket: Bucket, _ spread: FindingSpread) -> Cluster? {
        guard let lowest = spread.lowestNumber, let highest = spread.highestNumber,
            isMuch(spread.numbers.total, of: spread.total), (highest - lowest + 1) * 20 <= Int128(users)
        else { return nil }
        return Cluster(
            bucket: bucket, property: .userID, value: lowest == highest ? "\(lowest)" : "\(lowest)–\(highest)",
            findings: spread.numbers.total, of: spread.total)
    }

    private func idPrefix(_ bucket: Bucket, _ spread: FindingSpread) -> Cluster? {
        let beginnings = spread.prefixes.ordered
        // One beginning that all have in common is how ids are made here, and nothing striking.
        guard beginnings.count > 1, let most = beginnings.first, isMuch(most.count, of: spread.total),
            most.count * beginnings.count >= spread.total * 3
        else { return nil }
        return Cluster(bucket: bucket, property: .userID, value: most.prefix + "…", findings: most.count, of: spread.total)
    }

    /// One hour, six hours or one day in which most were last written.
    private func hour(_ bucket: Bucket, _ spread: FindingSpread) -> Cluster? {
        let hours = spread.hours
        guard hours.width <= 24, let most = hours.ordered.max(by: { ($0.count, $1.start) < ($1.count, $0.start) }),
            isMuch(most.count, of: hours.total)
        else { return nil }
        let start = FindingSpread.hourRange(most.start, width: hours.width)
        let end = FindingSpread.hourRange(most.start + hours.width, width: hours.width)
        let value = hours.width >= 24 ? start : "\(start)–\(end.suffix(5)) UTC"
        return Cluster(bucket: bucket, property: .lastChange, value: value, findings: most.count, of: hours.total)
    }

    /// One table, or one field, in which most differ.
    private func most(
        of counts: [String: Int], _ property: Distribution.Property, _ bucket: Bucket, _ known: Int
    ) -> Cluster? {
        guard let most = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }), isMuch(most.value, of: known)
        else { return nil }
        // Where another table has as many, to name one of them would blame it alone.
        if property == .table, counts.values.count(where: { $0 == most.value }) > 1 { return nil }
        return Cluster(bucket: bucket, property: property, value: most.key, findings: most.value, of: known)
    }

    private func isMuch(_ count: Int, of total: Int) -> Bool { count >= Self.findingsAtLeast && count * 2 >= total }
}

extension Cluster {
    /// `all 14 lie in partition 7`.
    var text: String {
        let share = findings == of ? "all \(PlainText.grouped(of))" : "\(PlainText.grouped(findings)) of \(PlainText.grouped(of))"
        return switch property {
        case .partition: "\(share) lie in partition \(value)"
        case .userID: value.hasSuffix("…") ? "\(share) have ids that begin with \(value)" : "\(share) have ids in \(value)"
        case .lastChange: "\(share) were last written \(value)"
        case .field: "\(share) differ in the field \(value)"
        case .table: "\(share) differ in columns of the table \(value)"
        case .staleness: "\(share) are stale for \(value)"
        }
    }
}
