import Domain
import Kafka
import Pipeline

/// What has to hold between settings, each of which is fine by itself.
enum SettingsRules {
    static func problems(of settings: EffectiveSettings, needs: Set<SettingsArea>) -> [SettingsProblem] {
        let keys = EffectiveSettings.keys
        var rules = Rules(settings: settings)
        if needs.contains(.source) {
            rules.checkQuery()
            rules.exclude(keys.source.mysql.socket, keys.source.mysql.host)
            rules.exclude(keys.source.mysql.socket, keys.source.mysql.port)
            rules.pair(keys.source.mysql.tls.certificateFile, keys.source.mysql.tls.keyFile)
            rules.checkTLSIsOn()
        }
        if needs.contains(.kafka) {
            rules.checkTopics()
            rules.checkGroups()
            rules.checkKafkaProperties()
        }
        if needs.contains(.mapping) { rules.checkMapping() }
        return rules.problems
    }
}

private struct Rules {
    let settings: EffectiveSettings
    var problems: [SettingsProblem] = []
    private let keys = EffectiveSettings.keys

    init(settings: EffectiveSettings) {
        self.settings = settings
    }

    private func given<Value>(_ key: SettingKey<Value>) -> Value? {
        settings.entries[key.path]?.value as? Value
    }

    private mutating func report(_ path: String, _ message: String) {
        problems.append(SettingsProblem(origin: settings.origin(path), key: path, message: message))
    }

    mutating func checkQuery() {
        guard let sql = given(keys.source.query), let key = given(keys.source.key), let type = given(keys.userID.type),
            let kind = UserIDKind(rawValue: type)
        else { return }
        do {
            _ = try AggregateQuery(sql: sql, key: key, kind: kind)
        } catch {
            if case .badKey = error {
                report(keys.source.key.path, error.description)
            } else {
                report(keys.source.query.path, error.description)
            }
        }
    }

    /// Two settings that say the same thing in two ways.
    mutating func exclude<A, B>(_ key: SettingKey<A>, _ other: SettingKey<B>) {
        guard settings.origin(key.path) != .builtIn, settings.origin(other.path) != .builtIn else { return }
        report(key.path, "cannot be set together with \(other.path); keep one of the two")
    }

    /// Two settings that make sense only together.
    mutating func pair(_ key: SettingKey<String?>, _ other: SettingKey<String?>) {
        switch (given(key) ?? nil, given(other) ?? nil) {
        case (.some, nil): report(key.path, "needs \(other.path) as well")
        case (nil, .some): report(other.path, "needs \(key.path) as well")
        default: break
        }
    }

    mutating func checkTLSIsOn() {
        let tls = keys.source.mysql.tls
        guard given(tls.enabled) == false else { return }
        for key in [tls.caFile, tls.certificateFile, tls.keyFile] where (given(key) ?? nil) != nil {
            report(key.path, "has no effect while \(tls.enabled.path) is false; set that to true")
        }
    }

    /// One topic with two meanings would feed the pipeline its own output.
    mutating func checkTopics() {
        let own = [
            keys.kafka.topics.signals, keys.kafka.topics.aggregate, keys.kafka.topics.god, keys.kafka.topics.control,
            keys.connector.offsetsTopic,
        ]
        var meanings: [String: String] = [:]
        for change in given(keys.changes) ?? [] {
            if meanings[change.topic] != nil { report(keys.changes.path, "names the topic \(change.topic) twice") }
            meanings[change.topic] = keys.changes.path
        }
        for key in own {
            guard let topic = given(key) else { continue }
            if let other = meanings[topic] {
                report(key.path, "is the topic \(topic), which \(other) names already; each needs a topic of its own")
            }
            meanings[topic] = key.path
        }
    }

    mutating func checkGroups() {
        var meanings: [String: String] = [:]
        for key in [keys.kafka.groups.intake, keys.kafka.groups.aggregate, keys.kafka.groups.enrich] {
            guard let group = given(key) else { continue }
            if let other = meanings[group] {
                report(key.path, "is the group \(group), which \(other) names already; each hop needs a group of its own")
            }
            meanings[group] = key.path
        }
    }

    mutating func checkMapping() {
        guard let url = given(keys.mapping.url) else { return }
        do {
            _ = try MappingURL(url)
        } catch {
            report(keys.mapping.url.path, error.reason)
        }
        let proxy = given(keys.mapping.proxy) ?? "none"
        if !["none", "environment"].contains(proxy), !proxy.contains("://") {
            report(keys.mapping.proxy.path, "has to be none, environment or an address such as http://proxy:3128, not `\(proxy)`")
        }
    }

    mutating func checkKafkaProperties() {
        let path = keys.kafka.properties.path
        for member in given(keys.kafka.properties)?.members ?? [] {
            guard let problem = Kafka.problem(withProperty: member.name, value: member.value) else { continue }
            let origins = settings.entries[path]?.memberOrigins ?? [:]
            problems.append(
                SettingsProblem(
                    origin: origins[member.name] ?? origins[member.name + "_file"] ?? settings.origin(path),
                    key: "\(path).\(member.name)", message: member.isSecret ? "librdkafka refuses the value" : problem))
        }
    }
}
