import Domain
import Kafka

/// Makes a God object of each aggregate and what the mapping service says, a tombstone of a tombstone, or says why not.
struct GodComposer {
    let godTopic: String
    let notFound: NotFoundPolicy

    func compose(_ work: inout EnricherWork, _ answers: [UserID: MappingAnswer]) {
        for aggregate in work.aggregates {
            guard let value = aggregate.record.value else {
                work.products.append(product(of: aggregate, god: nil, mapping: nil))
                continue
            }
            // The value is spliced into the God object as it is, so it has to be JSON here.
            guard JSONValue.isValid(value) else {
                work.park(.badAggregate, "the value is not JSON", aggregate)
                continue
            }
            switch answers[aggregate.user] ?? .failed("the mapping service gave no answer for this user") {
            case .found(let mapping):
                work.products.append(
                    product(of: aggregate, god: GodObject.compose(aggregate: value, mapping: mapping), mapping: mapping))
            case .notFound where notFound == .null:
                work.products.append(
                    product(of: aggregate, god: GodObject.compose(aggregate: value, mapping: nil), mapping: nil))
            case .notFound:
                work.park(.mappingNotFound, "mapping.not_found is set to park", aggregate)
            case .failed(let message):
                work.park(.mappingFailed, message, aggregate)
            }
        }
    }

    private func product(of aggregate: EnricherWork.Aggregate, god: [UInt8]?, mapping: [UInt8]?) -> EnricherWork.Product {
        let record = aggregate.record
        let provenance = GodProvenance(
            aggregate: RecordAddress(partition: record.partition, offset: record.offset),
            aggregateDigest: record.value.map { Digest(of: $0) }, version: aggregate.version,
            mappingDigest: mapping.map { Digest(of: $0) })
        return EnricherWork.Product(
            aggregate: aggregate, provenance: provenance, godDigest: god.map { Digest(of: $0) },
            shipment: Shipment(
                record: OutgoingRecord(
                    topic: godTopic, key: aggregate.user.keyBytes, value: god,
                    headers: provenance.headers.map { Header($0.name, text: $0.text) }),
                origins: [record.topicPartition]))
    }
}
