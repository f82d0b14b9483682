import Domain

/// Writes values one behind the other, for ``PayloadReader`` to read in the same order.
struct PayloadWriter {
    private(set) var bytes: [UInt8] = []

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func add(_ number: UInt64) { withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) } }
    mutating func add(_ number: Int64) { add(UInt64(bitPattern: number)) }
    mutating func add(_ number: Int) { add(Int64(number)) }
    mutating func add(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func add(_ content: [UInt8]) {
        add(content.count)
        bytes.append(contentsOf: content)
    }

    mutating func add(_ text: String) { add(Array(text.utf8)) }

    mutating func add<Value>(_ value: Value?, _ write: (inout PayloadWriter, Value) -> Void) {
        add(value != nil)
        if let value { write(&self, value) }
    }

    mutating func add<Value>(_ values: [Value], _ write: (inout PayloadWriter, Value) -> Void) {
        add(values.count)
        for value in values { write(&self, value) }
    }

    mutating func add(_ digest: Digest?) { add(digest) { $0.add($1.rawValue) } }

    mutating func add(_ address: RecordAddress) {
        add(Int64(address.partition))
        add(address.offset)
    }
}

/// Reads what ``PayloadWriter`` wrote. A temporary file that was damaged makes it throw.
struct PayloadReader {
    private let bytes: [UInt8]
    private var place: Int

    init(_ bytes: [UInt8], from place: Int = 0) {
        self.bytes = bytes
        self.place = place
    }

    var isAtEnd: Bool { place >= bytes.count }

    private mutating func take(_ count: Int) throws(ReconcileError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= bytes.count - place else {
            throw .temporaryFile(directory: SpillFile.defaultDirectory, reason: "what was read back is not what was written")
        }
        defer { place += count }
        return bytes[place..<(place + count)]
    }

    mutating func number() throws(ReconcileError) -> UInt64 {
        try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func integer() throws(ReconcileError) -> Int64 { Int64(bitPattern: try number()) }
    mutating func flag() throws(ReconcileError) -> Bool { try take(1).first == 1 }

    mutating func content() throws(ReconcileError) -> [UInt8] {
        let count = Int(try integer())
        return Array(try take(count))
    }

    mutating func text() throws(ReconcileError) -> String { String(decoding: try content(), as: UTF8.self) }

    mutating func optional<Value>(
        _ read: (inout PayloadReader) throws(ReconcileError) -> Value
    ) throws(ReconcileError) -> Value? {
        try flag() ? try read(&self) : nil
    }

    mutating func list<Value>(
        _ read: (inout PayloadReader) throws(ReconcileError) -> Value
    ) throws(ReconcileError) -> [Value] {
        var values: [Value] = []
        var left = try integer()
        while left > 0 {
            values.append(try read(&self))
            left -= 1
        }
        return values
    }

    mutating func digest() throws(ReconcileError) -> Digest? {
        try flag() ? Digest(rawValue: try number()) : nil
    }

    mutating func address() throws(ReconcileError) -> RecordAddress {
        RecordAddress(partition: Int32(truncatingIfNeeded: try integer()), offset: try integer())
    }
}
