/// What an aggregate's headers say of its making.
public struct AggregateProvenance: Sendable, Equatable {
    /// The source position at which the row was read: the aggregate's version.
    public var version: SourcePosition?
    /// Where on the signals topic the signal lies that asked for it.
    public var signal: RecordAddress?
    /// The id of query and encoding; see ``RowEncoder/encodingID``.
    public var encoding: String?
    /// Why the signal was sent, if somebody asked for it (``Signal/Cause/asksAfresh``).
    public var cause: Signal.Cause?

    public init(version: SourcePosition?, signal: RecordAddress?, encoding: String?, cause: Signal.Cause? = nil) {
        self.version = version
        self.signal = signal
        self.encoding = encoding
        self.cause = cause.flatMap { $0.asksAfresh ? $0 : nil }
    }

    /// Reads what there is; an aggregate written by someone else has none of it.
    public init(header: (String) -> [UInt8]?) {
        var reader = Reader()
        self = reader.read(header: header)
    }

    /// The headers' names and texts.
    public var headers: [(name: String, text: String)] {
        texts { forEachHeader(version: version?.utf8, encoding: encoding.map { Array($0.utf8) }, $0) }
    }

    /// Tells the headers' names and bytes, where those of version and encoding are known: neighbours share them, and so they are written
    /// out once.
    public func forEachHeader(version: [UInt8]?, encoding: [UInt8]?, _ body: (_ name: String, _ bytes: [UInt8]) -> Void) {
        if let version { body(HeaderName.version, version) }
        if let signal { body(HeaderName.signal, signal.utf8) }
        if let encoding { body(HeaderName.encoding, encoding) }
        if let cause { body(HeaderName.cause, Array(cause.rawValue.utf8)) }
    }

    /// Reads the provenance of aggregates one after the other. Neighbours mostly share what they were read in, so the last version and the
    /// last encoding are kept, and not parsed again.
    public struct Reader {
        private var version: (text: [UInt8], parsed: SourcePosition?) = ([], nil)
        private var encoding: (text: [UInt8], parsed: String?) = ([], "")

        public init() {}

        /// What ``AggregateProvenance/init(header:)`` reads.
        public mutating func read(header: (String) -> [UInt8]?) -> AggregateProvenance {
            AggregateProvenance(
                version: header(HeaderName.version).flatMap { bytes in
                    if bytes != version.text { version = (bytes, text(bytes).flatMap { SourcePosition($0) }) }
                    return version.parsed
                },
                signal: text(header(HeaderName.signal)).flatMap { RecordAddress($0) },
                encoding: header(HeaderName.encoding).flatMap { bytes in
                    if bytes != encoding.text { encoding = (bytes, text(bytes)) }
                    return encoding.parsed
                }, cause: text(header(HeaderName.cause)).flatMap { Signal.Cause(rawValue: $0) })
        }
    }
}

/// What a God object's headers say of its making.
public struct GodProvenance: Sendable, Equatable {
    public var aggregate: RecordAddress
    /// Nil when the aggregate is a tombstone.
    public var aggregateDigest: Digest?
    public var version: SourcePosition?
    /// Nil for a tombstone, and where the service knew no mapping.
    public var mappingDigest: Digest?

    public init(aggregate: RecordAddress, aggregateDigest: Digest?, version: SourcePosition?, mappingDigest: Digest?) {
        self.aggregate = aggregate
        self.aggregateDigest = aggregateDigest
        self.version = version
        self.mappingDigest = mappingDigest
    }

    /// Reads the headers; nil when the one that matters, the aggregate's address, is not there.
    public init?(header: (String) -> [UInt8]?) {
        guard let aggregate = text(header(HeaderName.aggregate)).flatMap({ RecordAddress($0) }) else { return nil }
        self.aggregate = aggregate
        aggregateDigest = text(header(HeaderName.aggregateDigest)).flatMap { Digest($0) }
        version = text(header(HeaderName.version)).flatMap { SourcePosition($0) }
        mappingDigest = text(header(HeaderName.mappingDigest)).flatMap { Digest($0) }
    }

    /// The headers' names and texts.
    public var headers: [(name: String, text: String)] { texts { forEachHeader(version: version?.utf8, $0) } }

    /// Tells the headers' names and bytes, where those of the version are known: neighbours mostly share it, and so it is written out once.
    public func forEachHeader(version: [UInt8]?, _ body: (_ name: String, _ bytes: [UInt8]) -> Void) {
        body(HeaderName.aggregate, aggregate.utf8)
        if let aggregateDigest { body(HeaderName.aggregateDigest, aggregateDigest.utf8) }
        if let version { body(HeaderName.version, version) }
        if let mappingDigest { body(HeaderName.mappingDigest, mappingDigest.utf8) }
    }
}

/// The names of the headers that Rollcall writes: part of the topics' format.
public enum HeaderName {
    public static let version = "rollcall.version"
    public static let signal = "rollcall.signal"
    public static let encoding = "rollcall.encoding"
    /// Why somebody asked for an aggregate that nothing in the source had changed for; see ``Signal/Cause``.
    public static let cause = "rollcall.cause"
    /// When the oldest change event behind a signal or an aggregate was written: milliseconds since 1970.
    public static let eventTime = "rollcall.event.time"
    public static let aggregate = "rollcall.aggregate"
    public static let aggregateDigest = "rollcall.aggregate.digest"
    public static let mappingDigest = "rollcall.mapping.digest"
}

private func text(_ bytes: [UInt8]?) -> String? {
    bytes.flatMap { String(utf8: $0) }
}

private func texts(_ forEachHeader: ((String, [UInt8]) -> Void) -> Void) -> [(name: String, text: String)] {
    var texts: [(name: String, text: String)] = []
    forEachHeader { texts.append(($0, String(decoding: $1, as: UTF8.self))) }
    return texts
}
