import Foundation
import Kafka
import Synchronization
import Testing

@Suite("Leaving a group", .serialized)
struct LeavingTests {
    let broker: MockBroker

    init() throws {
        broker = try MockBroker()
        try broker.createTopic("t", partitions: 4)
    }

    /// Whether librdkafka still waits for an answer to what the group has decided, or not any more, depends on which thread comes
    /// first. So there are many members, and all of them leave at the same time; and librdkafka writes its debug log, because that
    /// slows it down just where it must not be asked any more.
    @Test(
        "A member leaves whatever the group has just decided about it, whether its coordinator is there or not",
        arguments: [true, false])
    func undecided(isCoordinatorThere: Bool) throws {
        let members = Members(count: 80, of: broker)
        // They have their partitions by then, and nobody has polled to hear of it.
        Thread.sleep(forTimeInterval: Double(MockBroker.firstMemberWaitMs) / 1_000 + 1)
        if !isCoordinatorThere {
            try broker.setDown(broker: 1)
            // librdkafka looks every second whether its coordinator is still there.
            Thread.sleep(forTimeInterval: 1.5)
        }
        members.leave()
        let gone: Int? = try eventually(timeoutMs: 30_000) { members.gone == 80 ? 80 : nil }
        #expect(gone == 80)
    }
}

/// Members of as many groups, each on a thread of its own as a consumer has to be. They subscribe, do not poll, and leave when told.
private final class Members: Sendable {
    private let isLeaving = Atomic(false)
    private let counted = Atomic(0)

    var gone: Int { counted.load(ordering: .acquiring) }

    init(count: Int, of broker: MockBroker) {
        for number in 0..<count {
            let properties = broker.properties(group: "g\(number)").merging(["debug": "cgrp"]) { $1 }
            Thread.detachNewThread { [self] in
                guard let consumer = try? Consumer(properties: properties, onLog: { _ in }) else { return }
                guard (try? consumer.subscribe(["t"])) != nil else { return }
                while !isLeaving.load(ordering: .acquiring) { Thread.sleep(forTimeInterval: 0.001) }
                consumer.close(timeoutMs: 10_000)
                counted.add(1, ordering: .releasing)
            }
        }
    }

    func leave() { isLeaving.store(true, ordering: .releasing) }
}
