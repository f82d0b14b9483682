import Foundation
import Kafka
import Logging

/// Follows the control topic for the enrichers of one process, on a thread of its own: posts the open requests on their board,
/// answers that this process knows them, and takes away those that are done.
///
/// Nothing that goes wrong here ends the pipeline.
struct ReplayListener: Sendable {
    let settings: PipelineSettings
    let board: ReplayBoard
    let stop: StopRequest
    let logger: Logger

    func run() {
        var lastTrouble = ""
        createTopic()
        while !stop.isMade {
            do {
                try listen()
            } catch {
                let trouble = "replays cannot be asked for: \(error)"
                if trouble != lastTrouble { logger.notice("\(trouble)") }
                lastTrouble = trouble
                pause(ms: Self.retryEveryMs)
            }
        }
    }

    /// Where it cannot be created, looking for it says what is missing, and how to create it. Not among the checks at the start,
    /// because the pipeline does without: a broker that does not answer must not hold it up.
    private func createTopic() {
        guard let setup = settings.topicSetup, let cluster = try? Cluster(properties: settings.kafka) else { return }
        defer { cluster.close() }
        try? setup.ensureControlTopic(settings: settings, cluster: cluster, timeoutMs: Self.createTimeoutMs)
    }

    private func listen() throws {
        let topic = try ControlTopic(settings: settings)
        defer { topic.close() }
        var lastLookMs: Int64 = 0
        var answered = false
        while !stop.isMade {
            let keys = try topic.poll(timeoutMs: Self.pollTimeoutMs)
            guard topic.isCaughtUp else { continue }
            let open = topic.records.open
            board.post(open)
            // Each time that a request is written it asks anew who is there.
            let asking = answered ? open.filter { keys.contains(ControlRecords.key($0.id)) } : open
            answered = true
            try answer(asking, on: topic)
            if !open.isEmpty, wallClockMs() - lastLookMs >= Self.lookEveryMs {
                for request in open where request.isDone(try topic.progress(of: request)) {
                    try topic.remove(request.id)
                    logger.info("replay \(request.id) is done")
                }
                lastLookMs = wallClockMs()
            }
        }
    }

    private func answer(_ requests: [ReplayRequest], on topic: ControlTopic) throws {
        guard !requests.isEmpty else { return }
        let now = wallClockMs()
        try topic.write(
            requests.map {
                ControlRecords.record(
                    settings.topics.control, ControlRecords.key($0.id, process: Self.processName), ["at_ms": .number(now)])
            })
    }

    private func pause(ms: Int) {
        for _ in 0..<(ms / 100) where !stop.isMade { Thread.sleep(forTimeInterval: 0.1) }
    }

    /// `4711@host`.
    static let processName = "\(ProcessInfo.processInfo.processIdentifier)@\(ProcessInfo.processInfo.hostName)"

    private static let pollTimeoutMs = 250
    private static let lookEveryMs: Int64 = 1_000
    private static let retryEveryMs = 5_000
    private static let createTimeoutMs = 2_000
}
