/// The bytes that a record's headers are stored as: for each header the length of its name and the name, then the length of its
/// value and the value. Lengths are 32 bits, little-endian; a value of length -1 is null. Names may repeat, and keep their order.
enum ParkedHeaderCoding {
    static func encode(_ headers: [ParkedHeader]) -> [UInt8] {
        var bytes: [UInt8] = []
        for header in headers {
            append(Array(header.name.utf8), to: &bytes)
            append(header.value, to: &bytes)
        }
        return bytes
    }

    /// The headers; nil where the bytes are none that `encode` made.
    static func decode(_ bytes: [UInt8]) -> [ParkedHeader]? {
        var headers: [ParkedHeader] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let name = take(from: &rest), let name, let value = take(from: &rest) else { return nil }
            headers.append(ParkedHeader(String(decoding: name, as: UTF8.self), value))
        }
        return headers
    }

    private static func append(_ field: [UInt8]?, to bytes: inout [UInt8]) {
        // A Kafka record, headers included, is smaller than 2 GiB, so the length always fits.
        let length = UInt32(bitPattern: field.map { Int32(clamping: $0.count) } ?? -1)
        for shift in stride(from: 0, to: 32, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: length >> shift))
        }
        bytes += field ?? []
    }

    /// The outer nil says that the bytes end too early, the inner one is a null field.
    private static func take(from rest: inout ArraySlice<UInt8>) -> [UInt8]?? {
        guard rest.count >= 4 else { return nil }
        let bits = rest.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        rest = rest.dropFirst(4)
        let length = Int(Int32(bitPattern: bits))
        if length == -1 { return .some(nil) }
        guard length >= 0, length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return .some(Array(rest.prefix(length)))
    }
}
