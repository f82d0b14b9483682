import Domain
import Foundation
import Kafka
import Pipeline

/// One run of the pipeline over preloaded events, and what it took.
struct StreamRun {
    let events: Int
    /// Where it read from and wrote to.
    let settings: PipelineSettings
    let counts: [Hop: HopCounts]
    /// From the first event read to the last God object recorded.
    let seconds: Double
    /// Of this process, which runs nothing else meanwhile; the servers are processes of their own.
    let cpuSeconds: Double
    /// Of the servers meanwhile.
    let serverSeconds: Double
    /// The most memory that the process had at one time.
    let peakBytes: Int

    var eventsPerSecond: Double { Double(events) / seconds }
    var godObjects: Int { counts[.enricher]?.recordsOut ?? 0 }
    var usersPerSecond: Double { Double(godObjects) / seconds }
    /// How many events one God object answers.
    var deduplication: Double { Double(events) / Double(max(1, godObjects)) }
    var cpuSecondsPerMillionEvents: Double { cpuSeconds / Double(events) * 1e6 }
    var serverSecondsPerMillionEvents: Double { serverSeconds / Double(events) * 1e6 }

    /// Runs the pipeline until everything has gone through.
    static func measure(_ world: StreamWorld, _ load: StreamWorld.Load, _ settings: PipelineSettings, _ mapping: MappingSettings)
        throws -> StreamRun
    {
        let runner = StreamRunner(settings: settings, mapping: mapping)
        resetPeak()
        try runner.start()
        defer { runner.requestStop() }
        while runner.counters[.intake].snapshot().recordsIn == 0 {
            guard runner.isRunning else { break }
            usleep(1_000)
        }
        let (start, cpu, servers) = (ContinuousClock.now, cpuSeconds(), ServersCPU.seconds())
        while !isThrough(runner.counters.snapshot(), load.events) {
            guard runner.isRunning else { break }
            usleep(10_000)
        }
        let (end, cpuEnd, serversEnd) = (ContinuousClock.now, Self.cpuSeconds(), ServersCPU.seconds())
        let counts = runner.counters.snapshot()
        let peak = peakBytes()
        runner.requestStop()
        try runner.wait()
        guard isThrough(counts, load.events) else { throw BenchError("the pipeline ended before it was through: \(counts)") }
        return StreamRun(
            events: load.events, settings: settings, counts: counts, seconds: (end - start) / .seconds(1),
            cpuSeconds: cpuEnd - cpu, serverSeconds: serversEnd - servers, peakBytes: peak)
    }

    /// Whether each hop has dealt with all that the one before it has written.
    fileprivate static func isThrough(_ counts: [Hop: HopCounts], _ events: Int) -> Bool {
        guard let intake = counts[.intake], let aggregator = counts[.aggregator], let enricher = counts[.enricher] else {
            return false
        }
        return intake.recordsIn >= events && intake.recordsOut + intake.deduplicated >= events
            && aggregator.recordsOut + aggregator.deduplicated >= intake.recordsOut
            && enricher.recordsOut + enricher.deduplicated + enricher.parked >= aggregator.recordsOut
    }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// Lets the kernel's account of the peak begin anew: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
    private static func resetPeak() {
        guard let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return }
        try? file.write(contentsOf: Data("5".utf8))
        try? file.close()
    }

    private static func peakBytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1_024
    }
}

/// How long events take that come one after the other, at a rate that the pipeline can keep up with.
struct StreamLatency {
    let p50Ms: Int64
    let p99Ms: Int64

    /// Publishes one event for each of that many users, at that rate, and looks when their God objects were written.
    ///
    /// - Parameters:
    ///   - load: What is there before, and has gone through when the first event is published.
    ///   - onReady: Called then.
    static func measure(
        _ world: StreamWorld, users: Int, perSecond: Int, load: StreamWorld.Load? = nil,
        onReady: (PipelineSettings) throws -> Void = { _ in }
    ) throws -> StreamLatency {
        let load = try load ?? world.preload("live", events: 2)
        let settings = try world.settings(for: load)
        let runner = StreamRunner(settings: settings, mapping: try world.mapping())
        try runner.start()
        defer { runner.requestStop() }
        while !StreamRun.isThrough(runner.counters.snapshot(), load.events), runner.isRunning { usleep(10_000) }
        let before = runner.counters[.enricher].snapshot().recordsOut
        try onReady(settings)
        let producer = try Producer(properties: ["bootstrap.servers": world.bootstrap, "linger.ms": "0"])
        defer { producer.close() }
        var sentMs: [String: Int64] = [:]
        let start = ContinuousClock.now
        for number in 1...users {
            let behind = start + .milliseconds(number * 1_000 / perSecond) - ContinuousClock.now
            if behind > .zero { usleep(UInt32(behind / .microseconds(1))) }
            sentMs["\(number)"] = Int64(Date().timeIntervalSince1970 * 1_000)
            _ = try producer.send(world.event(number, topic: load.topics[0], number: number))
        }
        for delivery in try producer.flush(timeoutMs: 10_000) { _ = try delivery.result.get() }
        while runner.counters[.enricher].snapshot().recordsOut < before + users, runner.isRunning { usleep(10_000) }
        runner.requestStop()
        try runner.wait()
        let took = try written(settings.topics.god, world).compactMap { user, ms in sentMs[user].map { max(0, ms - $0) } }
            .sorted()
        guard took.count >= users - 1 else { throw BenchError("\(users - took.count) live events never arrived") }
        return StreamLatency(p50Ms: took[took.count / 2], p99Ms: took[took.count * 99 / 100])
    }

    /// When the newest God object of each user was written, in milliseconds since 1970.
    private static func written(_ topic: String, _ world: StreamWorld) throws -> [String: Int64] {
        let consumer = try Consumer(properties: ["bootstrap.servers": world.bootstrap])
        defer { consumer.close() }
        let partitions = (0..<Int32(try consumer.partitionCount(topic, timeoutMs: 10_000) ?? 0)).map { TopicPartition(topic, $0) }
        try consumer.assign(Dictionary(uniqueKeysWithValues: partitions.map { ($0, Offset.beginning) }))
        var open = Set(partitions)
        var written: [String: Int64] = [:]
        while !open.isEmpty {
            let batch = try consumer.poll(maxRecords: 5_000, timeoutMs: 1_000)
            for record in batch.records {
                written[String(decoding: record.key ?? [], as: UTF8.self)] = record.timestampMs
            }
            for (partition, _) in batch.ends { open.remove(partition) }
        }
        return written
    }
}
