import Domain

extension RunReport {
    /// The report as JSON. Every member is always there; what does not apply is null.
    public var json: JSONValue {
        [
            "schema": .string(Self.schema),
            "run_id": .string(runID.text),
            "mode": .string(mode.rawValue),
            "verdict": .string(verdict.rawValue),
            "complete": .bool(complete),
            "exit_code": .number(exitCode),
            "reason": .string(reason),
            "started_at": .string(startedAt.description),
            "finished_at": .string(finishedAt.description),
            "config_digest": .string(configDigest),
            "coverage": coverage.json,
            "source": source.json,
            "verified_through": .string(verifiedThrough?.description),
            "aggregate_topic": aggregateTopic.map(\.json) ?? .null,
            "ledger": ledger.map(\.json) ?? .null,
            "god_topic": godTopic.map(\.json) ?? .null,
            "fence": fence.json,
            "counts": .object(
                Stage.allCases.compactMap { stage in counts[stage].map { .init(stage.rawValue, $0.json) } }),
            "causes": .object(causes.sorted { $0.key < $1.key }.map { .init($0.key.path, .number($0.value)) }),
            "clusters": .array(clusters.map(\.json)),
            "distributions": .array(distributions.map(\.json)),
            "oldest_stale": oldestStale.map(\.json) ?? .null,
            "canary": ["planted": .number(canary.planted), "caught": .number(canary.caught)],
            "cross_check": ["compared": .number(crossCheck.compared), "agreed": .number(crossCheck.agreed)],
            "delta": delta.map(\.json) ?? .null,
            "trend": .array(trend.map(\.json)),
            "timings": .object(timings.map { .init($0.phase, .number($0.secondsText)) }),
            "revealed_by": .string(revealedBy),
            "notes": .array(notes.map { .string($0) }),
            "examples": .array(examples.map(\.json)),
        ]
    }
}

extension Coverage {
    fileprivate var json: JSONValue {
        [
            "plan": .string(plan.rawValue), "unit": .string(unit), "planned": .number(planned), "scanned": .number(scanned),
            "percent": .number(percent), "gaps": .array(gaps.map { .string($0) }), "because": .string(because),
            "basis": basis.map(\.json) ?? .null,
        ]
    }
}

extension Coverage.Basis {
    fileprivate var json: JSONValue {
        [
            "run_id": .string(run), "since": .string(since?.description), "through": .string(through?.description),
            "due": .number(due), "persisting": .number(persisting), "slice_users": .number(sliceUsers),
            "everyone": .number(everyone), "full_run_id": .string(fullRun),
        ]
    }
}

extension SourceSummary {
    fileprivate var json: JSONValue {
        ["rows": .number(rows), "position": .string(position?.description), "server": .string(server)]
    }
}

extension TopicSummary {
    fileprivate var json: JSONValue {
        [
            "name": .string(name),
            "partitions": .array(
                partitions.map {
                    ["partition": .number($0.partition), "low": .number($0.low), "end": .number($0.end)]
                }),
            "records": .number(records), "live": .number(live), "tombstones": .number(tombstones),
        ]
    }
}

extension LedgerSummary {
    fileprivate var json: JSONValue {
        [
            "productions": .number(productions), "users": .number(users),
            "paths": .array(paths.map { .string($0) }),
        ]
    }
}

extension FenceSummary {
    fileprivate var json: JSONValue {
        [
            "position": .string(position?.description),
            "strength": .string(strength.rawValue),
            "passed": .bool(passed),
            "hops": .array(
                hops.map {
                    [
                        "hop": .string($0.hop), "passed": .bool($0.passed), "detail": .string($0.detail),
                        "waited_ms": .number($0.waitedMs),
                    ]
                }),
        ]
    }
}

extension StageCounts {
    fileprivate var json: JSONValue {
        [
            "users": .number(users), "matched": .number(matched), "missing": .number(missing), "stale": .number(stale),
            "extra": .number(extra), "unresolved": .number(unresolved), "parked": .number(parked),
            "version_only": .number(versionOnly),
        ]
    }
}

extension Cluster {
    fileprivate var json: JSONValue {
        [
            "bucket": .string(bucket.path), "property": .string(property.rawValue), "value": .string(value),
            "partition": .number(partition), "findings": .number(findings), "of": .number(of),
        ]
    }
}

extension OldestStale {
    fileprivate var json: JSONValue {
        ["user": .string(user.text), "written_at": .string(writtenAt.description)]
    }
}

extension Delta {
    fileprivate var json: JSONValue {
        ["new": .number(new), "persisting": .number(persisting), "healed": .number(healed)]
    }
}

extension Distribution {
    fileprivate var json: JSONValue {
        [
            "property": .string(property.rawValue), "stage": .string(stage?.rawValue), "of": .number(of),
            "bars": .array(bars.map { ["label": .string($0.label), "findings": .number($0.findings)] }),
        ]
    }
}

extension TrendPoint {
    fileprivate var json: JSONValue {
        [
            "run_id": .string(runID), "started_at": .string(startedAt.description), "verdict": .string(verdict.rawValue),
            "complete": .bool(complete), "new": .number(new), "persisting": .number(persisting), "healed": .number(healed),
        ]
    }
}

extension Timing {
    /// Seconds with three decimals, without the detour through floating point.
    fileprivate var secondsText: String {
        let whole = max(0, milliseconds)
        let fraction = String(whole % 1000)
        return "\(whole / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
