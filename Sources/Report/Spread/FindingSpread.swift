import Domain

/// What the findings of one bucket have in common: counts by partition, id, hour, table and field. Bounded, however many they are.
struct FindingSpread: Sendable, Equatable {
    private(set) var total = 0
    private(set) var partitions: [Int32: Int] = [:]
    private(set) var numbers = SpanHistogram.userIDs
    private(set) var lowestNumber: Int128?
    private(set) var highestNumber: Int128?
    private(set) var prefixes = PrefixCount()
    private(set) var hours = SpanHistogram.hours
    private(set) var fields: [String: Int] = [:]
    /// Findings whose differing fields are known.
    private(set) var withFields = 0
    private(set) var tables: [String: Int] = [:]
    /// Findings of which it is known which tables they are about.
    private(set) var withTables = 0
    private(set) var ages: [AgeClass: Int] = [:]

    /// Names of fields beyond these are not told apart: a table has fewer columns, and a hostile topic must not fill the memory.
    private static let fieldsAtMost = 200

    /// - Parameter asOf: The moment that the age of a stale value is measured against.
    mutating func add(_ line: FindingLine, asOf: UTCTime) {
        total += 1
        if let partition = line.partition { partitions[partition, default: 0] += 1 }
        if let number = Int128(line.user.text) {
            numbers.add(number)
            lowestNumber = min(lowestNumber ?? number, number)
            highestNumber = max(highestNumber ?? number, number)
        } else {
            prefixes.add(line.user.text)
        }
        if let changed = line.lastChange { hours.add(Int128(changed.millisecondsSince1970).flooredHours) }
        if !line.fields.isEmpty { withFields += 1 }
        for field in line.fields where fields[field] != nil || fields.count < Self.fieldsAtMost { fields[field, default: 0] += 1 }
        // Their names come from the query, which has few.
        if !line.tables.isEmpty { withTables += 1 }
        for table in line.tables { tables[table, default: 0] += 1 }
        guard line.kind == .stale else { return }
        let age = line.staleSince.map { asOf.millisecondsSince1970 - $0.millisecondsSince1970 }
        ages[AgeClass(milliseconds: age), default: 0] += 1
    }

    mutating func add(_ other: FindingSpread) {
        total += other.total
        partitions.merge(other.partitions, uniquingKeysWith: +)
        numbers.add(other.numbers)
        lowestNumber = [lowestNumber, other.lowestNumber].compactMap { $0 }.min()
        highestNumber = [highestNumber, other.highestNumber].compactMap { $0 }.max()
        prefixes.add(other.prefixes)
        hours.add(other.hours)
        fields.merge(other.fields, uniquingKeysWith: +)
        withFields += other.withFields
        tables.merge(other.tables, uniquingKeysWith: +)
        withTables += other.withTables
        ages.merge(other.ages, uniquingKeysWith: +)
    }
}

extension Int128 {
    /// Whole hours of that many milliseconds, rounded down.
    fileprivate var flooredHours: Int128 { (self - ((self % 3_600_000) + 3_600_000) % 3_600_000) / 3_600_000 }
}

extension FindingLine {
    /// The newest moment at which anything about the user is known to have been written, at the finding's stage.
    var lastChange: UTCTime? {
        switch stage {
        case .aggregate: topic?.writtenAt
        case .god: god?.writtenAt ?? ledger?.producedAt ?? topic?.writtenAt
        }
    }

    /// When the value that is stale was written; nil for other kinds, and where the broker does not say.
    var staleSince: UTCTime? {
        guard kind == .stale else { return nil }
        return stage == .aggregate ? topic?.writtenAt : god?.writtenAt
    }
}
