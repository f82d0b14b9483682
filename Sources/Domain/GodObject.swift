/// The denormalised object that a user becomes: the aggregate as it is, and the mapping beside it.
public enum GodObject {
    /// `{"aggregate":…,"mapping":…}`.
    ///
    /// Both parts are spliced in byte for byte, so that equal parts always give equal bytes.
    /// - Parameters:
    ///   - aggregate: The aggregate's value: JSON.
    ///   - mapping: The mapping as canonical JSON; nil where the service knows none, which becomes `null`.
    public static func compose(aggregate: [UInt8], mapping: [UInt8]?) -> [UInt8] {
        var writer = JSONWriter(capacity: aggregate.count + (mapping?.count ?? 4) + 26)
        writer.raw("{\"aggregate\":")
        writer.raw(aggregate)
        writer.raw(",\"mapping\":")
        if let mapping { writer.raw(mapping) } else { writer.raw("null") }
        writer.raw("}")
        return writer.bytes
    }

    /// Whether a value is what ``compose(aggregate:mapping:)`` makes of the very parts that the provenance beside it names.
    ///
    /// Somebody who rewrites a God object in place, and keeps its headers, cannot keep the two in agreement by accident.
    /// - Parameter value: The bytes of a God object; nil for a tombstone.
    public static func isMade(_ value: [UInt8]?, by provenance: GodProvenance) -> Bool {
        guard let value else { return provenance.aggregateDigest == nil }
        let head = Array("{\"aggregate\":".utf8)
        let middle = Array(",\"mapping\":".utf8)
        guard value.starts(with: head), value.last == UInt8(ascii: "}"), value.count > head.count + middle.count else {
            return false
        }
        // An aggregate may hold the middle itself, so each place is tried. As a rule there is one.
        for start in head.count..<(value.count - middle.count) where value[start...].starts(with: middle) {
            guard Digest(of: Array(value[head.count..<start])) == provenance.aggregateDigest else { continue }
            let mapping = Array(value[(start + middle.count)..<(value.count - 1)])
            return provenance.mappingDigest == (mapping == Array("null".utf8) ? nil : Digest(of: mapping))
        }
        return false
    }
}
