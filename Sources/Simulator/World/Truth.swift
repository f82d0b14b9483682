import Domain
import Kafka

/// What was really done to the users, and what was really acknowledged: what the product is judged by, and cannot see.
struct Truth: Sendable {
    /// What was done to users: whoever is not among them has to come out well.
    private(set) var blamed: [UserID: [String]] = [:]
    /// Where God objects were acknowledged to the pipeline.
    private(set) var acknowledged: Set<RecordAddress> = []
    /// Productions that a disk has lost.
    var lostProductions: Set<RecordAddress> = []

    mutating func blame(_ user: UserID, _ deed: String) {
        blamed[user, default: []].append(deed)
    }

    mutating func noteAcknowledged(_ topic: String, _ address: RecordAddress) {
        if topic == Name.god { acknowledged.insert(address) }
    }
}
