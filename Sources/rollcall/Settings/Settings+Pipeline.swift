import Domain
import Pipeline

extension EffectiveSettings {
    /// The areas that these hops need.
    static func areasToStream(_ hops: Set<Hop>) -> Set<SettingsArea> {
        let always: Set<SettingsArea> = [.source, .userID, .changes, .kafka, .pipeline, .ledger, .admin, .log]
        return hops.contains(.enricher) ? always.union([.mapping]) : always
    }

    /// Everything that the pipeline is told.
    func pipeline() throws -> PipelineSettings {
        var topics = PipelineSettings.TopicNames(change: try changeDecoders)
        topics.signals = try value(Self.keys.kafka.topics.signals)
        topics.aggregate = try value(Self.keys.kafka.topics.aggregate)
        topics.god = try value(Self.keys.kafka.topics.god)
        topics.control = try value(Self.keys.kafka.topics.control)
        var settings = PipelineSettings(kafka: try kafkaProperties, topics: topics, source: try source())
        settings.groups.intake = try value(Self.keys.kafka.groups.intake)
        settings.groups.aggregator = try value(Self.keys.kafka.groups.aggregate)
        settings.groups.enricher = try value(Self.keys.kafka.groups.enrich)
        settings.ledgerPath = try value(Self.keys.ledger.file)
        settings.parkedPath = try parkedPath
        settings.notFound = NotFoundPolicy(rawValue: try value(Self.keys.mapping.notFound)) ?? .null
        settings.topicSetup = try topicSetup
        settings.startTimeoutMs = try milliseconds(Self.keys.pipeline.startTimeout)
        settings.drainTimeoutMs = try milliseconds(Self.keys.pipeline.drainTimeout)
        settings.acceptsUnknownPosition = try value(Self.keys.pipeline.acceptUnknownPosition)
        let workers = Self.keys.pipeline.workers
        let batch = Self.keys.pipeline.batch
        settings.intake = try hop(workers: workers.intake, records: batch.intake)
        settings.aggregator = try hop(workers: workers.aggregate, records: batch.aggregate)
        settings.enricher = try hop(workers: workers.enrich, records: batch.enrich)
        return settings
    }

    /// How to read each change topic.
    var changeDecoders: [String: ChangeEventDecoder] {
        get throws(SettingsError) {
            let kind = try userIDKind
            let change = try value(Self.keys.changes).map {
                ($0.topic, ChangeEventDecoder(userField: $0.userIDField, kind: kind))
            }
            return Dictionary(change, uniquingKeysWith: { first, _ in first })
        }
    }

    /// How the running pipeline is watched.
    func watching(everyMs: Int) throws(SettingsError) -> WatchSettings {
        var watching = WatchSettings()
        watching.everyMs = everyMs
        watching.stallAfterMs = Int64(try milliseconds(Self.keys.admin.stall))
        watching.silenceAfterMs = Int64(try milliseconds(Self.keys.admin.silence))
        return watching
    }

    private func hop(
        workers: SettingKey<Int>, records: SettingKey<Int>
    ) throws(SettingsError) -> PipelineSettings.HopSettings {
        var hop = PipelineSettings.HopSettings()
        hop.workers = try value(workers)
        hop.batch.maxRecords = try value(records)
        hop.batch.maxBytes = try value(Self.keys.pipeline.batch.size)
        hop.batch.flushTimeoutMs = try milliseconds(Self.keys.pipeline.batch.flushTimeout)
        return hop
    }

    private var topicSetup: TopicSetup? {
        get throws(SettingsError) {
            let topics = Self.keys.kafka.topics
            guard try value(topics.create) else { return nil }
            var setup = TopicSetup()
            setup.partitions = try value(topics.partitions)
            setup.replication = try value(topics.replication) ?? setup.replication
            setup.minCompactionLagMs = Int64(try milliseconds(topics.compactionLag))
            setup.signalRetentionMs = Int64(try milliseconds(topics.signalRetention))
            return setup
        }
    }
}
