/// The denormalised object that a user becomes: the aggregate as it is, and the mapping beside it.
public enum GodObject {
    /// `{"aggregate":…,"mapping":…}`.
    ///
    /// Both parts are spliced in byte for byte, so that equal parts always give equal bytes.
    /// - Parameters:
    ///   - aggregate: The aggregate's value: JSON.
    ///   - mapping: The mapping as canonical JSON; nil where the service knows none, which becomes `null`.
    public static func compose(aggregate: [UInt8], mapping: [UInt8]?) -> [UInt8] {
        var writer = JSONWriter()
        writer.raw("{\"aggregate\":")
        writer.raw(aggregate)
        writer.raw(",\"mapping\":")
        if let mapping { writer.raw(mapping) } else { writer.raw("null") }
        writer.raw("}")
        return writer.bytes
    }
}
