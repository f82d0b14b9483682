import CRDKafka
import Glibc

extension Record {
    /// Copies a message out of librdkafka's memory.
    convenience init(copying message: UnsafeMutablePointer<rd_kafka_message_t>, topic: String, _ known: inout HeaderCache) {
        let fields = message.pointee
        self.init(
            topic: topic, partition: fields.partition, offset: fields.offset, timestampMs: messageTimestamp(message),
            key: bytes(fields.key, fields.key_len).map(Array.init),
            value: bytes(fields.payload, fields.len).map(Array.init),
            headers: messageHeaders(message, &known))
    }
}

extension KafkaError {
    /// The error that a message without a record stands for.
    init(event message: UnsafeMutablePointer<rd_kafka_message_t>) {
        let fields = message.pointee
        var text = String(cString: rd_kafka_message_errstr(message))
        if fields.rkt != nil, fields.partition >= 0 {
            text = "\(String(cString: rd_kafka_topic_name(fields.rkt)))[\(fields.partition)]: \(text)"
        } else if fields.rkt != nil {
            text = "\(String(cString: rd_kafka_topic_name(fields.rkt))): \(text)"
        }
        self.init(code: fields.err, message: text)
    }
}

/// Bytes of a message; nil where they are null, which is not the same as empty.
func bytes(_ start: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeRawBufferPointer? {
    start.map { UnsafeRawBufferPointer(start: $0, count: count) }
}

func messageTimestamp(_ message: UnsafePointer<rd_kafka_message_t>) -> Int64? {
    var type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let timestamp = rd_kafka_message_timestamp(message, &type)
    return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || timestamp < 0 ? nil : timestamp
}

func messageHeaders(_ message: UnsafePointer<rd_kafka_message_t>, _ known: inout HeaderCache) -> [Header] {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else { return [] }
    var headers: [Header] = []
    headers.reserveCapacity(rd_kafka_header_cnt(list))
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while rd_kafka_header_get_all(list, headers.count, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name {
        headers.append(known.header(name, value.map { UnsafeRawBufferPointer(start: $0, count: size) }, at: headers.count))
    }
    return headers
}

/// Turns topic handles into names without allocating a string per message.
///
/// It compares the name's bytes, not the handle: librdkafka may free a handle and use its address for another topic.
struct TopicNameCache {
    private var last: (name: String, bytes: ContiguousArray<CChar>)?

    mutating func name(of topic: OpaquePointer?) -> String {
        guard let topic, let text = rd_kafka_topic_name(topic) else { return "" }
        if let last, isSame(last.bytes, text) { return last.name }
        let name = String(cString: text)
        last = (name, ContiguousArray(name.utf8CString))
        return name
    }
}

/// Turns headers into strings and bytes without allocating new ones for each: the records of a topic mostly carry the same names in the same
/// order, and neighbours some of the same values.
struct HeaderCache {
    private struct Known {
        var name: String
        var nameBytes: ContiguousArray<CChar>
        var value: [UInt8]?
    }

    private var known: [Known] = []
    /// Records with more headers than that do not make the cache larger.
    private static let limit = 16
    /// Nor do longer values, which neighbours hardly share.
    private static let valueLimit = 256

    mutating func header(_ name: UnsafePointer<CChar>, _ value: UnsafeRawBufferPointer?, at index: Int) -> Header {
        if index < known.count, isSame(known[index].nameBytes, name) {
            return Header(known[index].name, sharedValue(value, at: index))
        }
        let header = Header(String(cString: name), value.map(Array.init))
        let entry = Known(name: header.name, nameBytes: ContiguousArray(header.name.utf8CString))
        if index < known.count {
            known[index] = entry
        } else if index == known.count, index < Self.limit {
            known.append(entry)
        }
        return header
    }

    private mutating func sharedValue(_ value: UnsafeRawBufferPointer?, at index: Int) -> [UInt8]? {
        guard let value, value.count <= Self.valueLimit else { return value.map(Array.init) }
        if let last = known[index].value, isSame(last, value) { return last }
        known[index].value = Array(value)
        return known[index].value
    }
}

/// Both end in zero; the comparison stops at the first difference, so it never reads past either.
private func isSame(_ known: ContiguousArray<CChar>, _ text: UnsafePointer<CChar>) -> Bool {
    known.withUnsafeBufferPointer { known in known.baseAddress.map { strcmp($0, text) == 0 } ?? false }
}

private func isSame(_ known: [UInt8], _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard known.count == bytes.count, let start = bytes.baseAddress else { return false }
    return known.withUnsafeBytes { known in known.baseAddress.map { memcmp($0, start, bytes.count) == 0 } ?? false }
}
