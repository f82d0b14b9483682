import Domain
import Kafka

/// Makes a God object of each aggregate and what the mapping service says, a tombstone of a tombstone, or says why not.
struct GodComposer {
    let godTopic: String
    let notFound: NotFoundPolicy

    func compose(_ work: inout EnricherWork, _ answers: [UserID: MappingAnswer]) {
        var shared = SharedParts()
        work.products.reserveCapacity(work.aggregates.count)
        work.shipments.reserveCapacity(work.aggregates.count)
        for aggregate in work.aggregates {
            guard let value = aggregate.record.value else {
                add(aggregate, god: nil, mapping: nil, to: &work, &shared)
                continue
            }
            // The value is spliced into the God object as it is, so it has to be JSON here.
            guard JSONValue.isValid(value) else {
                work.park(.badAggregate, "the value is not JSON", aggregate)
                continue
            }
            switch answers[aggregate.user] ?? .failed("the mapping service gave no answer for this user") {
            case .found(let mapping):
                add(aggregate, god: GodObject.compose(aggregate: value, mapping: mapping), mapping: mapping, to: &work, &shared)
            case .notFound where notFound == .null:
                add(aggregate, god: GodObject.compose(aggregate: value, mapping: nil), mapping: nil, to: &work, &shared)
            case .notFound:
                work.park(.mappingNotFound, "mapping.not_found is set to park", aggregate)
            case .failed(let message):
                work.park(.mappingFailed, message, aggregate)
            }
        }
    }

    private func add(
        _ aggregate: EnricherWork.Aggregate, god: [UInt8]?, mapping: [UInt8]?, to work: inout EnricherWork,
        _ shared: inout SharedParts
    ) {
        let record = aggregate.record
        let provenance = GodProvenance(
            aggregate: RecordAddress(partition: record.partition, offset: record.offset),
            aggregateDigest: record.value.map { Digest(of: $0) }, version: aggregate.version,
            mappingDigest: mapping.map { Digest(of: $0) })
        var headers: [Header] = []
        headers.reserveCapacity(4)
        provenance.forEachHeader(version: shared.text(of: aggregate.version)) { headers.append(Header($0, $1)) }
        work.add(
            EnricherWork.Product(aggregate: aggregate, provenance: provenance, godDigest: god.map { Digest(of: $0) }),
            Shipment(
                record: OutgoingRecord(topic: godTopic, key: aggregate.user.keyBytes, value: god, headers: headers),
                origins: shared.origins.of(record)))
    }
}

/// What neighbours mostly have in common.
private struct SharedParts {
    var origins = SharedOrigins()
    /// How the last version is written: neighbours mostly were read in one snapshot.
    private var last: (version: SourcePosition, text: [UInt8])?

    mutating func text(of version: SourcePosition?) -> [UInt8]? {
        guard let version else { return nil }
        if let last, last.version == version { return last.text }
        let text = version.utf8
        last = (version, text)
        return text
    }
}
