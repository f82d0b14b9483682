import CRDKafka

/// librdkafka configuration properties, by the names of its `CONFIGURATION.md`.
public typealias Properties = [String: String]

/// The version of the librdkafka that is linked, such as `2.0.2`.
public var libraryVersion: String { String(cString: rd_kafka_version_str()) }

extension Properties {
    /// These properties, and `defaults` wherever they say nothing.
    func withDefaults(_ defaults: Properties) -> Properties {
        merging(defaults) { given, _ in given }
    }

    /// The address that error messages name.
    var bootstrap: String { self["bootstrap.servers"] ?? self["metadata.broker.list"] ?? "(no bootstrap.servers)" }

    /// A configuration object for `rd_kafka_new`, which takes it over when it succeeds.
    ///
    /// Throws an error that names the property where one is unknown or has a bad value. Properties are applied in
    /// the order of their names, so that the same mistake gives the same message each time.
    func makeConfiguration() throws(KafkaError) -> OpaquePointer {
        guard let configuration = rd_kafka_conf_new() else {
            throw KafkaError(code: RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, message: "out of memory for a configuration")
        }
        for (name, value) in sorted(by: { $0.key < $1.key }) {
            let failure = withErrorText { text, size in
                rd_kafka_conf_set(configuration, name, value, text, size) == RD_KAFKA_CONF_OK
            }
            if let failure {
                rd_kafka_conf_destroy(configuration)
                // The value is left out on purpose where librdkafka leaves it out: it may be a password.
                throw KafkaError(code: RD_KAFKA_RESP_ERR__INVALID_ARG, message: "property \"\(name)\": \(failure)")
            }
        }
        return configuration
    }
}

/// Runs a C call that writes an error text when it fails; returns that text, or nil where the call succeeded.
func withErrorText(_ call: (UnsafeMutablePointer<CChar>, Int) -> Bool) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        text.initialize(repeating: 0)
        guard let base = text.baseAddress, !call(base, text.count) else { return nil }
        return String(cString: base)
    }
}
