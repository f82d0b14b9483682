import Domain
import Reconcile

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
        let always: Set<SettingsArea> = [.source, .userID, .changes, .connector, .kafka, .reports, .verify, .notify, .log]
        return stages.contains(.god) ? always.union([.ledger]) : always
    }

    /// Everything that is needed to judge users.
    ///
    /// - Parameter ledgers: The ledgers of all processes of the pipeline; empty means the settings' one.
    func reconcile(stages: Set<Stage> = Set(Stage.allCases), ledgers: [String] = []) throws -> ReconcileRecipe {
        let source = try source()
        let ledgerPaths = try ledgers.isEmpty ? [value(Self.keys.ledger.file)] : ledgers
        let parkedPaths =
            try ledgers.isEmpty || value(Self.keys.ledger.parkedFile) != nil
            ? [parkedPath] : ledgers.map(Self.parkedPath(besideLedger:))
        let connector = try connector
        var settings = VerifySettings(
            userIDKind: try userIDKind, topics: try reconcileTopics, groups: try reconcileGroups, hasConnector: connector != nil,
            encodingID: source.encodingID, configDigest: digest.description)
        settings.stages = stages
        settings.keyField = source.keyField
        settings.chunkRows = try value(Self.keys.verify.chunkRows)
        settings.memoryBytes = try value(Self.keys.verify.memory)
        settings.fenceTimeoutMs = try milliseconds(Self.keys.verify.fenceTimeout)
        settings.settleTimeoutMs = try milliseconds(Self.keys.verify.settleTimeout)
        settings.ledgerPaths = stages.contains(.god) ? ledgerPaths : []
        let ports = RealPorts(
            source: source, kafkaProperties: try kafkaProperties, connector: connector, ledgerPaths: ledgerPaths,
            parkedPaths: parkedPaths, godTopic: stages.contains(.god) ? settings.topics.god : nil,
            memoryBytes: settings.memoryBytes)
        return ReconcileRecipe(
            settings: settings, ports: StoppablePorts(ports), historyPath: try historyPath,
            reportsDirectory: try value(Self.keys.reports.directory))
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
                changes: try value(Self.keys.changes).map(\.topic), signals: try value(topics.signals),
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
