/// The names of the fields in which two aggregates differ, in the order of the first, then those that only the second has.
///
/// Values are compared as JSON, so the order of fields and of members within them does not count. Returns an empty list when
/// the two mean the same, and nil when one of them is not an object.
public func differingFields(_ expected: [UInt8], _ found: [UInt8]) -> [String]? {
    guard let expected = (try? JSONValue(parsing: expected))?.members, let found = (try? JSONValue(parsing: found))?.members
    else { return nil }
    let foundObject = JSONValue.object(found)
    let expectedObject = JSONValue.object(expected)
    let changed = expected.filter { foundObject[$0.name]?.sorted != $0.value.sorted }
    let added = found.filter { expectedObject[$0.name] == nil }
    return (changed + added).map(\.name)
}
