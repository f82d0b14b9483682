import Domain
import Kafka

/// What a batch of the enricher comes to.
struct EnricherWork {
    /// The newest aggregate of one user in a batch.
    struct Aggregate {
        var user: UserID
        var record: Record
        var version: SourcePosition?
    }

    /// A God object, or tombstone, that is to be sent.
    struct Product {
        var aggregate: Aggregate
        var provenance: GodProvenance
        var godDigest: Digest?
    }

    struct Parked {
        var reason: ParkReason
        var detail: String
        var users: [UserID]
        var record: Record
    }

    var aggregates: [Aggregate] = []
    var products: [Product] = []
    /// Those of the products, in their order.
    var shipments: [Shipment] = []
    var parkings: [Parked] = []

    /// Those of whom the mapping service has something to say.
    var liveUsers: [UserID] { aggregates.compactMap { $0.record.value == nil ? nil : $0.user } }

    mutating func add(_ product: Product, _ shipment: Shipment) {
        products.append(product)
        shipments.append(shipment)
    }

    mutating func park(_ reason: ParkReason, _ detail: String, _ aggregate: Aggregate) {
        parkings.append(Parked(reason: reason, detail: detail, users: [aggregate.user], record: aggregate.record))
    }
}
