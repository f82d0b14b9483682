import Kafka

extension EffectiveSettings {
    /// The properties that every client of Kafka is made with.
    var kafkaProperties: Properties {
        get throws(SettingsError) {
            let keys = Self.keys.kafka
            let own = ["bootstrap.servers": try value(keys.bootstrap), "client.id": "rollcall"]
            return try value(keys.properties).dictionary.merging(own) { given, _ in given }
        }
    }
}
