import CRDKafka

/// What librdkafka has against a property, in its own words; nil where the name is known and the value is acceptable.
///
/// Nothing is connected. What a property refers to, such as a certificate's file, is looked at only when a client is made.
public func problem(withProperty name: String, value: String) -> String? {
    guard let configuration = rd_kafka_conf_new() else { return nil }
    defer { rd_kafka_conf_destroy(configuration) }
    return withErrorText { text, size in
        rd_kafka_conf_set(configuration, name, value, text, size) == RD_KAFKA_CONF_OK
    }
}
