/// Where in a JSON text the members of some names stand, at whatever depth: found in one pass, without making values of them.
///
/// A change event repeats whole rows, and all that counts in it is a dozen short members. The rest is held to the same rules, to the last
/// byte, and passed over; so are the elements of arrays. A value is made only of what somebody asks for.
public struct JSONOutline: Sendable {
    /// A value in the text: the whole, or a member of one of the names.
    public struct Place: Equatable, Sendable {
        fileprivate let index: Int
    }

    private struct Node: Sendable {
        /// The member's name, by its place among the names; -1 for the whole text.
        var name: Int
        /// Where the value begins and ends in the text.
        var start: Int
        var end = 0
        /// The place after the last value within this one.
        var next = 0
        /// How many members an object has, whatever their names.
        var members = 0
    }

    private let text: [UInt8]
    /// In the order of the text: behind an object stand its members.
    private var nodes: [Node] = []

    /// - Throws: ``JSONError``, exactly where ``JSONValue/init(parsing:maximumDepth:)`` would.
    public init(_ text: [UInt8], _ names: JSONNames) throws(JSONError) {
        self.text = text
        var nodes: [Node] = []
        nodes.reserveCapacity(16)
        try text.withUnsafeBufferPointer { buffer throws(JSONError) in
            var parser = JSONParser(bytes: buffer, maximumDepth: JSONValue.depthLimit)
            parser.skipSpace()
            try Self.note(&parser, names, name: -1, depth: 0, &nodes)
            try parser.end()
        }
        self.nodes = nodes
    }

    private static func note(
        _ parser: inout JSONParser, _ names: JSONNames, name: Int, depth: Int, _ nodes: inout [Node]
    ) throws(JSONError) {
        let index = nodes.count
        nodes.append(Node(name: name, start: parser.position))
        if parser.current == UInt8(ascii: "{") {
            nodes[index].members = try noteMembers(&parser, names, depth: depth, &nodes)
        } else {
            _ = try parser.value(depth: depth, false)
        }
        nodes[index].end = parser.position
        nodes[index].next = nodes.count
    }

    private static func noteMembers(
        _ parser: inout JSONParser, _ names: JSONNames, depth: Int, _ nodes: inout [Node]
    ) throws(JSONError) -> Int {
        var count = 0
        guard try parser.beginObject(depth: depth) else { return 0 }
        repeat {
            try parser.beginName()
            let name = try place(ofNext: &parser, names)
            try parser.beginValue()
            if let name {
                try note(&parser, names, name: name, depth: depth + 1, &nodes)
            } else {
                _ = try parser.value(depth: depth + 1, false)
            }
            count += 1
        } while try !parser.listEnds(with: UInt8(ascii: "}"))
        return count
    }

    private static func place(ofNext parser: inout JSONParser, _ names: JSONNames) throws(JSONError) -> Int? {
        let start = parser.position + 1
        if let plain = try parser.plainString() { return names.place(of: plain) }
        return names.place(of: try parser.escapedString(from: start))
    }

    // MARK: - What stands there

    /// The whole text.
    public var whole: Place { Place(index: 0) }

    /// The member of that name, by its place among the names; nil where there is none, or no object. Of several with one name the last
    /// one, as ``JSONValue/subscript(_:)`` has it.
    public func member(_ name: Int, of object: Place?) -> Place? {
        guard let object else { return nil }
        var found: Place?
        var index = object.index + 1
        while index < nodes[object.index].next {
            if nodes[index].name == name { found = Place(index: index) }
            index = nodes[index].next
        }
        return found
    }

    /// Whether an object stands there.
    public func isObject(_ place: Place?) -> Bool { first(place) == UInt8(ascii: "{") }
    /// Whether `null` stands there.
    public func isNull(_ place: Place) -> Bool { first(place) == UInt8(ascii: "n") }
    /// Whether `true` stands there.
    public func isTrue(_ place: Place?) -> Bool { first(place) == UInt8(ascii: "t") }

    /// How many members an object has, those included that are not among the names.
    public func memberCount(of object: Place) -> Int { nodes[object.index].members }

    /// A string's text; nil for every other value.
    public func text(_ place: Place?) -> String? {
        guard let place, first(place) == UInt8(ascii: "\"") else { return nil }
        return withPlainString(place) { String(decoding: $0, as: UTF8.self) } ?? value(place).text
    }

    /// A number without a sign, a fraction and an exponent; nil for every other value, and for one of more than 64 bits.
    public func unsignedInteger(_ place: Place?) -> UInt64? {
        guard let place, isNumber(place) else { return nil }
        return withBytes(place) { UInt64(decimal: $0) }
    }

    /// The same for a number that may be negative.
    public func integer(_ place: Place?) -> Int64? {
        guard let place, isNumber(place) else { return nil }
        return withBytes(place) {
            UInt64(plainDecimal: $0).flatMap { Int64(exactly: $0) } ?? Int64(String(decoding: $0, as: UTF8.self))
        }
    }

    /// The id that a number or a string is.
    ///
    /// - Throws: ``UserIDError`` where ``UserIDKind/parse(_:)`` does.
    public func user(_ place: Place, _ kind: UserIDKind) throws(UserIDError) -> UserID {
        let plain =
            isNumber(place)
            ? withBytes(place) { kind.canonicalUser(UnsafeRawBufferPointer($0).bytes) }
            : withPlainString(place) { kind.canonicalUser(UnsafeRawBufferPointer($0).bytes) } ?? nil
        if let plain { return plain }
        return try kind.parse(value(place))
    }

    /// The value, made now.
    public func value(_ place: Place) -> JSONValue {
        // It was read before, and can be read again.
        (try? JSONValue(parsing: Array(text[nodes[place.index].start..<nodes[place.index].end]))) ?? .null
    }

    private func first(_ place: Place?) -> UInt8? { place.map { text[nodes[$0.index].start] } }

    private func isNumber(_ place: Place) -> Bool {
        let first = text[nodes[place.index].start]
        return first == UInt8(ascii: "-") || first &- UInt8(ascii: "0") <= 9
    }

    private func withBytes<Result>(_ place: Place, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let node = nodes[place.index]
        return text.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[node.start..<node.end])) }
    }

    /// Nil for what is no string, and for one in which something is escaped.
    private func withPlainString<Result>(_ place: Place, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
        withBytes(place) { bytes in
            guard bytes.first == UInt8(ascii: "\""), !bytes.contains(UInt8(ascii: "\\")) else { return nil }
            return body(UnsafeBufferPointer(rebasing: bytes[1..<(bytes.count - 1)]))
        }
    }
}

/// Names of members, to tell apart quickly those that are wanted.
public struct JSONNames: Sendable {
    /// Their places in the list that was given, in the order of their lengths, which tell nearly all others apart.
    private let places: [Int]
    /// Their bytes in the same order, one name behind the other.
    private let bytes: [UInt8]
    /// For each length, and one more: how many names are shorter, and how many bytes those have.
    private let starts: [(name: Int, byte: Int)]

    /// Whoever asks for a member names it by its place in this list.
    public init(_ names: [String]) {
        // Stable, so that of two equal names the first one is found.
        let places = names.indices.sorted { names[$0].utf8.count < names[$1].utf8.count }
        var starts: [(name: Int, byte: Int)] = [(0, 0)]
        var bytes: [UInt8] = []
        for (count, place) in places.enumerated() {
            while starts.count <= names[place].utf8.count { starts.append((count, bytes.count)) }
            bytes.append(contentsOf: names[place].utf8)
        }
        starts.append((places.count, bytes.count))
        (self.places, self.bytes, self.starts) = (places, bytes, starts)
    }

    /// The name's place in the list that was given, if it is among them.
    public func place(of name: String) -> Int? {
        var name = name
        return name.withUTF8 { place(of: $0) }
    }

    func place(of name: UnsafeBufferPointer<UInt8>) -> Int? {
        let length = name.count
        guard length + 1 < starts.count else { return nil }
        let (first, last) = (starts[length].name, starts[length + 1].name)
        guard first < last else { return nil }
        var start = starts[length].byte
        return bytes.withUnsafeBufferPointer { bytes in
            for candidate in first..<last {
                if hasSameBytes(UnsafeBufferPointer(rebasing: bytes[start..<start + length]), name) { return places[candidate] }
                start += length
            }
            return nil
        }
    }
}
