import Domain
import Report
import Source

/// Reads some users a second time, by code that shares nothing with the encoder, and compares them field by field with aggregates of
/// which the bytes said that all is well.
///
/// Rows and aggregates go through one encoder, so bytes alone would call equal what it had made equal: two numbers that it rounds to
/// one, two texts that it trims.
struct CrossCheck {
    private let source: any SourcePort
    private let topic: TopicTail
    private let comparison: FieldComparison

    init(_ source: any SourcePort, _ topic: TopicTail, _ comparison: FieldComparison) {
        self.source = source
        self.topic = topic
        self.comparison = comparison
    }

    /// - Throws: ``ReconcileError/encodingDisagrees(user:fields:)`` when a user's fields say something else than their bytes did.
    func run(_ members: [EqualSample.Member]) throws -> Report.CrossCheck {
        var result = Report.CrossCheck()
        for start in stride(from: 0, to: members.count, by: Self.usersAtATime) {
            try compare(members[start..<min(start + Self.usersAtATime, members.count)], &result)
        }
        return result
    }

    private static let usersAtATime = 250

    private func compare(_ members: ArraySlice<EqualSample.Member>, _ result: inout Report.CrossCheck) throws {
        let readings = try source.secondReading(of: members.map(\.user))
        let owners = Dictionary(members.map { ($0.aggregate, $0) }) { first, _ in first }
        try topic.fetch(Set(owners.keys)) { address, record in
            // Whoever changed meanwhile, row or record, is no longer one of those that were equal.
            guard let member = owners[address], let reading = readings[member.user], reading.digest == member.digest,
                let value = record.value, Digest(of: value) == member.digest
            else { return }
            result.compared += 1
            let fields = differingFields(reading, value)
            guard fields.isEmpty else { throw ReconcileError.encodingDisagrees(user: member.user, fields: fields) }
            result.agreed += 1
        }
    }

    private func differingFields(_ reading: SecondReading, _ value: [UInt8]) -> [String] {
        guard let found = try? JSONValue(parsing: value), let members = found.members else { return reading.names.sorted() }
        let absent = reading.names.subtracting(members.map(\.name)).sorted()
        let added = members.map(\.name).filter { !reading.names.contains($0) }
        return comparison.differingFields(reading.fields, found) + absent + added
    }
}
