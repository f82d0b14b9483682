import Domain
import Reconcile
import Source

/// What the commands that judge users are built on.
struct ReconcileRecipe: Sendable {
    var settings: VerifySettings
    var ports: StoppablePorts
    /// Where runs and their findings are remembered.
    var historyPath: String
    var reportsDirectory: String
}

extension EffectiveSettings {
    /// The areas that a judgement needs.
    static func areasToJudge(_ stages: Set<Stage>) -> Set<SettingsArea> {
        // Somebody else's pipeline may have filled the aggregate topic, from no change topic that anyone could name.
        let always: Set<SettingsArea> = [.source, .userID, .connector, .kafka, .reports, .verify, .notify, .log]
        return stages.contains(.god) ? always.union([.changes, .ledger]) : always
    }

    /// Everything that is needed to judge users.
    ///
    /// - Parameters:
    ///   - ledgers: The ledgers of all processes of the pipeline; empty means the settings' one.
    ///   - parked: Their files of parked records; empty means what ``parkedPaths(named:ledgers:)`` says.
    ///   - mappings: Whose mappings are to be asked for again.
    ///   - patienceMs: How long somebody who sits before the screen waits for a server that does not answer, and for a fence; nil
    ///     for as long as a run does.
    func reconcile(
        stages: Set<Stage> = Set(Stage.allCases), ledgers: [String] = [], parked: [String] = [],
        mappings: VerifySettings.MappingSample = .nobody, patienceMs: Int? = nil
    ) throws -> ReconcileRecipe {
        var source = try source()
        if let seconds = try value(Self.keys.verify.load.statementTimeout) { source.limitStatements(toSeconds: seconds) }
        if let patienceMs {
            source.connection.connectTimeoutSeconds = min(source.connection.connectTimeoutSeconds, max(1, patienceMs / 1_000))
        }
        let ledgerPaths = try ledgers.isEmpty ? [value(Self.keys.ledger.file)] : ledgers
        let parkedPaths = try parkedPaths(named: parked, ledgers: ledgers)
        let connector = try connector
        var settings = VerifySettings(
            userIDKind: try userIDKind, topics: try reconcileTopics, groups: try reconcileGroups, hasConnector: connector != nil,
            encodingID: source.encodingID, configDigest: digest.description)
        settings.stages = stages
        settings.mappings = mappings
        settings.keyField = source.keyField
        settings.chunkRows = try value(Self.keys.verify.chunkRows)
        settings.chunkTargetMs = try milliseconds(Self.keys.verify.load.chunkTime)
        settings.maxRowsPerSecond = try value(Self.keys.verify.load.rowsPerSecond)
        settings.load = try loadLimits
        if !settings.topics.changes.isEmpty { settings.changeDecoders = try changeDecoders }
        settings.memoryBytes = try value(Self.keys.verify.memory)
        settings.fenceTimeoutMs = try milliseconds(Self.keys.verify.fenceTimeout)
        settings.weakFenceWaitMs = try milliseconds(Self.keys.verify.weakFenceWait)
        settings.settleTimeoutMs = try milliseconds(Self.keys.verify.settleTimeout)
        if let patienceMs {
            settings.fenceTimeoutMs = min(settings.fenceTimeoutMs, patienceMs * 2)
            settings.settleTimeoutMs = min(settings.settleTimeoutMs, patienceMs * 2)
        }
        settings.ledgerPaths = stages.contains(.god) ? ledgerPaths : []
        let ports = RealPorts(
            source: source, kafkaProperties: try kafkaProperties, connector: connector, ledgerPaths: ledgerPaths,
            parkedPaths: parkedPaths, godTopic: stages.contains(.god) ? settings.topics.god : nil,
            controlTopic: stages.contains(.god) ? try value(Self.keys.kafka.topics.control) : nil,
            memoryBytes: settings.memoryBytes, replicas: try replicas(of: source), mappings: try mappingPort(mappings),
            brokerTimeoutMs: patienceMs ?? 10_000)
        let historyPath = try historyPath
        settings.journalPath = Self.journalPath(besideHistory: historyPath)
        return ReconcileRecipe(
            settings: settings, ports: StoppablePorts(ports), historyPath: historyPath,
            reportsDirectory: try value(Self.keys.reports.directory))
    }

    /// Whom `reconcile` looks at.
    ///
    /// - Parameter full: Whether it is to be everyone this time.
    func reconcileReach(full: Bool) throws(SettingsError) -> PlanSettings {
        var reach = PlanSettings(reach: .changed)
        reach.slicePercent = try value(Self.keys.verify.slicePercent)
        reach.fullEvery = full ? 1 : try value(Self.keys.verify.fullEvery)
        return reach
    }

    private var loadLimits: LoadLimits {
        get throws(SettingsError) {
            let keys = Self.keys.verify.load
            var limits = LoadLimits(
                replicaLagSeconds: try value(keys.replicaLag), threadsRunning: try value(keys.threadsRunning))
            limits.longestPauseMs = try milliseconds(keys.longestPause)
            return limits
        }
    }

    /// The replicas to watch, each as a source of its own.
    private func replicas(of source: SourceSettings) throws(SettingsError) -> [String: SourceSettings] {
        var replicas: [String: SourceSettings] = [:]
        for name in (try value(Self.keys.verify.load.replicas) ?? "").split(separator: ",") {
            let parts = name.split(separator: ":")
            guard let host = parts.first.map({ $0.filter { !$0.isWhitespace } }), !host.isEmpty else { continue }
            var replica = source
            replica.connection.socketPath = nil
            replica.connection.host = host
            if parts.count > 1, let port = Int(parts[1].filter { !$0.isWhitespace }) { replica.connection.port = port }
            replicas[name.filter { !$0.isWhitespace }] = replica
        }
        return replicas
    }

    /// Beside the history, since one run at a time writes to both.
    static func journalPath(besideHistory path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "scan.journal" }
        return path[...slash] + "scan.journal"
    }

    private func mappingPort(_ mappings: VerifySettings.MappingSample) throws -> (@Sendable () throws -> any MappingPort)? {
        guard mappings != .nobody else { return nil }
        let mapping = try mapping()
        return { try MappingServicePort(mapping) }
    }

    /// The file of runs and findings over time: by its own setting, or in the reports' directory.
    var historyPath: String {
        get throws(SettingsError) {
            if let path = try value(Self.keys.reports.historyFile) { return path }
            return "\(try value(Self.keys.reports.directory))/history.sqlite"
        }
    }

    private var connector: ConnectorSettings? {
        get throws(SettingsError) {
            let keys = Self.keys.connector
            guard let name = try value(keys.name) else { return nil }
            return ConnectorSettings(name: name, offsetsTopic: try value(keys.offsetsTopic), server: try value(keys.server))
        }
    }

    private var reconcileTopics: VerifySettings.Topics {
        get throws(SettingsError) {
            let topics = Self.keys.kafka.topics
            return VerifySettings.Topics(
                changes: entries[Self.keys.changes.path] == nil ? [] : try value(Self.keys.changes).map(\.topic),
                signals: try value(topics.signals),
                aggregate: try value(topics.aggregate), god: try value(topics.god))
        }
    }

    private var reconcileGroups: VerifySettings.Groups {
        get throws(SettingsError) {
            let groups = Self.keys.kafka.groups
            return VerifySettings.Groups(
                intake: try value(groups.intake), aggregate: try value(groups.aggregate), enrich: try value(groups.enrich))
        }
    }
}
