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

    /// Users whose God objects were written by a worker that had lost the partition, and who that worker is. It has to mend that
    /// itself, which takes until its next step.
    var disturbed: [UserID: Int] = [:]
    /// Everyone who was disturbed at some time: a run may have seen it.
    private(set) var everDisturbed: Set<UserID> = []

    mutating func disturb(_ user: UserID, by actor: Int) {
        disturbed[user] = actor
        everDisturbed.insert(user)
    }

    /// An actor dies, and mends nothing any more.
    mutating func noteDeath(of actor: Int) {
        for (user, culprit) in disturbed where culprit == actor {
            disturbed[user] = nil
            blame(user, "late write of a worker that died over it")
        }
    }

    mutating func blame(_ user: UserID, _ deed: String) {
        blamed[user, default: []].append(deed)
    }

    mutating func noteAcknowledged(_ topic: String, _ address: RecordAddress) {
        if topic == Name.god { acknowledged.insert(address) }
    }
}
