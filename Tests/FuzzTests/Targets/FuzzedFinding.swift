import Domain

@testable import Report

/// Findings with anything in them.
extension FuzzInput {
    static let run = "20261122T080000Z-4f2a"

    mutating func nextFinding(_ commands: Commands) throws -> FindingLine {
        let shape = nextNumber()
        let user = UserID(nextText())
        var line = FindingLine(
            Finding(
                user: user, stage: choice(shape), kind: choice(shape >> 2), cause: nil, fields: [], evidence: Evidence()),
            run: try RunID(parsing: Self.run), firstSeen: nextTime(), commands: commands)
        line.causeCode = shape & 16 == 0 ? Cause.parked(choice(shape >> 7)).code : nil
        line.fields = [nextText(), nextText()]
        line.partition = shape & 32 == 0 ? nil : Int32(truncatingIfNeeded: nextNumber())
        if shape & 64 == 0 { line.source = .init(digest: Digest(rawValue: nextNumber()), position: nextPosition()) }
        if shape & 128 == 0 { line.topic = nextRecord() }
        if shape & 256 == 0 { line.god = nextRecord() }
        if shape & 512 == 0 {
            line.ledger = .init(
                god: nextAddress(), godDigest: nil, aggregate: nextAddress(), aggregateDigest: Digest(rawValue: nextNumber()),
                producedAt: nextTime())
        }
        if shape & 1_024 == 0 { line.parked = [choice(shape >> 3): choice(shape >> 5)] }
        return line
    }

    private func choice<Choice: CaseIterable>(_ number: UInt64) -> Choice where Choice.AllCases == [Choice] {
        Choice.allCases[Int(number % UInt64(Choice.allCases.count))]
    }

    private mutating func nextTime() -> UTCTime { UTCTime(millisecondsSince1970: Int64(bitPattern: nextNumber())) }

    private mutating func nextAddress() -> RecordAddress {
        RecordAddress(partition: Int32(truncatingIfNeeded: nextNumber()), offset: Int64(bitPattern: nextNumber()))
    }

    private mutating func nextRecord() -> FindingLine.TopicRecord {
        .init(address: nextAddress(), writtenAt: nextTime(), digest: Digest(rawValue: nextNumber()))
    }

    /// A position that a server could tell: names of logs are the administrator's, and may hold anything but a line's end.
    mutating func nextPosition() -> SourcePosition? {
        SourcePosition(server: 4242, file: nextText(), offset: nextNumber())
    }
}
