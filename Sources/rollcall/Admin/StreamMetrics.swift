import Domain
import Pipeline

/// What `/metrics` says of a running pipeline.
struct StreamMetrics {
    let sample: StreamSample

    /// All metrics, always in this order, whether they have a value yet or not.
    var families: [MetricFamily] { hopFamilies + latencyFamilies + mappingFamilies + stateFamilies }

    var text: String { families.map(\.text).joined() }

    private var hops: [Hop] { Hop.allCases.filter { sample.counts[$0] != nil } }

    private func counts(_ hop: Hop) -> HopCounts { sample.counts[hop] ?? HopCounts() }

    private func perHop(_ name: String, _ help: String, _ value: (HopCounts) -> Int) -> MetricFamily {
        var family = MetricFamily(name, .counter, help)
        for hop in hops { family.add([("hop", hop.rawValue)], value(counts(hop))) }
        return family
    }

    private func only(_ hop: Hop, _ name: String, _ help: String, _ value: (HopCounts) -> Int) -> MetricFamily {
        var family = MetricFamily(name, .counter, help)
        if hops.contains(hop) { family.add([], value(counts(hop))) }
        return family
    }

    private var hopFamilies: [MetricFamily] {
        var ratio = MetricFamily(
            "rollcall_deduplication_ratio", .gauge,
            "Share of mentions of users that a newer one in the same batch made superfluous.")
        for hop in hops {
            let counts = counts(hop)
            let mentions = counts.deduplicated + counts.recordsOut
            ratio.add([("hop", hop.rawValue)], mentions > 0 ? Double(counts.deduplicated) / Double(mentions) : 0)
        }
        return [
            perHop("rollcall_records_in_total", "Records read.") { $0.recordsIn },
            perHop("rollcall_records_out_total", "Records acknowledged by the broker, tombstones included.") { $0.recordsOut },
            perHop("rollcall_tombstones_total", "Tombstones acknowledged by the broker.") { $0.tombstones },
            ratio,
            perHop("rollcall_parked_total", "Records parked since the start.") { $0.parked },
            perHop("rollcall_retries_total", "Attempts repeated because the other side was away.") { $0.retries },
            perHop("rollcall_batches_lost_total", "Batches given up because their partitions went to another member.") {
                $0.batchesLost
            },
            only(.aggregator, "rollcall_rereads_total", "Reads repeated because the database did not show the change yet.") {
                $0.rereads
            },
            only(.enricher, "rollcall_late_writes_total", "Aggregates written after newer ones, noticed and signalled.") {
                $0.lateWrites
            },
            only(.enricher, "rollcall_strays_total", "Aggregates in a partition or under a key that is not their user's.") {
                $0.strays
            },
            only(.enricher, "rollcall_replayed_total", "God objects made for a replay.") { $0.replayed },
        ]
    }

    private var latencyFamilies: [MetricFamily] {
        var batches = MetricFamily(
            "rollcall_batch_seconds", .histogram, "Time from the poll that brought a batch to its commit.")
        for hop in hops { batches.add([("hop", hop.rawValue)], counts(hop).batches) }
        var queries = MetricFamily("rollcall_query_seconds", .histogram, "Time of the aggregate query, one per batch.")
        if hops.contains(.aggregator) { queries.add([], counts(.aggregator).queries) }
        var endToEnd = MetricFamily(
            "rollcall_end_to_end_seconds", .histogram,
            "Time from the timestamp of a change event to the acknowledgement of its God object.")
        if hops.contains(.enricher) { endToEnd.add([], counts(.enricher).endToEnd) }
        return [batches, queries, endToEnd]
    }

    private var mappingFamilies: [MetricFamily] {
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Int) -> MetricFamily {
            var family = MetricFamily(name, kind, help)
            if hops.contains(.enricher) { family.add([], value) }
            return family
        }
        let mapping = sample.mapping
        var latency = MetricFamily(
            "rollcall_mapping_request_seconds", .histogram,
            "Time from sending a request to the mapping service to its answer or failure.")
        if hops.contains(.enricher) { latency.add([], mapping.latency) }
        return [
            family(
                "rollcall_mapping_requests_total", .counter, "Requests to the mapping service, retries included.",
                mapping.requests),
            family(
                "rollcall_mapping_retries_total", .counter, "Requests to the mapping service that were retries.", mapping.retries),
            family("rollcall_mapping_cache_hits_total", .counter, "Users that needed no request.", mapping.cacheHits),
            family(
                "rollcall_mapping_breaker_openings_total", .counter, "How often circuit breakers opened.", mapping.breakerOpenings
            ),
            family(
                "rollcall_mapping_breakers_open", .gauge, "Workers whose circuit breaker is not closed.", mapping.openBreakers),
            latency,
        ]
    }

    private var stateFamilies: [MetricFamily] {
        var lag = MetricFamily("rollcall_lag_records", .gauge, "Offsets that a hop's group has not committed yet.")
        for hop in hops {
            let partitions = (sample.lag?[hop] ?? [:]).sorted {
                ($0.key.topic, $0.key.partition) < ($1.key.topic, $1.key.partition)
            }
            for (partition, value) in partitions {
                lag.add(
                    [("hop", hop.rawValue), ("topic", partition.topic), ("partition", "\(partition.partition)")], value.records)
            }
        }
        var age = MetricFamily(
            "rollcall_last_event_age_seconds", .gauge, "Time since the newest change event of a table was written.")
        for (topic, timeMs) in counts(.intake).lastEventMs.sorted(by: { $0.key < $1.key }) {
            age.add([("topic", topic)], Double(max(0, sample.takenAtMs - timeMs)) / 1_000)
        }
        var parked = MetricFamily("rollcall_parked_open", .gauge, "Parked records that nothing came of yet, by reason.")
        for reason in ParkReason.allCases { parked.add([("reason", reason.rawValue)], sample.parked[reason] ?? 0) }
        var bytes = MetricFamily("rollcall_ledger_bytes", .gauge, "Size of the ledger with its write-ahead log.")
        if let ledgerBytes = sample.ledgerBytes { bytes.add([], ledgerBytes) }
        var stalled = MetricFamily(
            "rollcall_stalled", .gauge, "1 while the pipeline stands still although there is work, or is cut off.")
        stalled.add([], sample.stalls.isEmpty ? 0 : 1)
        var start = MetricFamily("rollcall_start_time_seconds", .gauge, "When this process began, in seconds since 1970.")
        start.add([], Double(sample.startedAtMs) / 1_000)
        return [
            lag, age, parked,
            only(.enricher, "rollcall_ledger_productions_total", "Productions written to the ledger since the start.") {
                $0.recordsOut
            },
            bytes, stalled, start,
        ]
    }
}
