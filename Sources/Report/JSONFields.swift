import Domain

/// Reads the members of a JSON object, and says by name which one is not as it should be.
struct JSONFields {
    let value: JSONValue
    /// The file that the object stands in.
    let file: String
    /// The way to this object inside the file, such as `fence.`.
    let path: String

    init(_ value: JSONValue, file: String, path: String = "") throws(ReportError) {
        self.value = value
        self.file = file
        self.path = path
        guard value.members != nil else {
            let name = path.isEmpty ? "the document" : "`\(path.dropLast())`"
            throw ReportError(.malformed, path: file, "\(name) is not an object")
        }
    }

    /// The JSON in a file's bytes.
    static func parse(_ bytes: [UInt8], file: String) throws(ReportError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw ReportError(
                .malformed, path: file,
                "\(error); the file was changed after it was written: restore it, or remove the run's directory")
        }
    }

    /// What stands there, read by `read`; nil when it is absent or null.
    func optional<Result>(_ name: String, _ expected: String, _ read: (JSONValue) -> Result?) throws(ReportError) -> Result? {
        guard let member = value[name], !member.isNull else { return nil }
        guard let result = read(member) else { throw wrong(name, expected) }
        return result
    }

    func required<Result>(_ name: String, _ expected: String, _ read: (JSONValue) -> Result?) throws(ReportError) -> Result {
        guard let result = try optional(name, expected, read) else { throw wrong(name, expected) }
        return result
    }

    func text(_ name: String) throws(ReportError) -> String { try required(name, "a text") { $0.text } }
    func optionalText(_ name: String) throws(ReportError) -> String? { try optional(name, "a text") { $0.text } }

    func integer<Integer: BinaryInteger>(_ name: String) throws(ReportError) -> Integer {
        try required(name, "a whole number") { $0.integer.flatMap { Integer(exactly: $0) } }
    }

    func bool(_ name: String) throws(ReportError) -> Bool {
        try required(name, "true or false") { if case .bool(let flag) = $0 { flag } else { nil } }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) throws(ReportError) -> Choice
    where Choice.RawValue == String {
        let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        return try required(name, "one of \(choices)") { $0.text.flatMap(Choice.init(rawValue:)) }
    }

    func time(_ name: String) throws(ReportError) -> UTCTime {
        try required(name, "a time such as 2026-11-22T08:00:00Z") { $0.text.flatMap { UTCTime($0) } }
    }

    func optionalTime(_ name: String) throws(ReportError) -> UTCTime? {
        try optional(name, "a time such as 2026-11-22T08:00:00Z") { $0.text.flatMap { UTCTime($0) } }
    }

    func optionalPosition(_ name: String) throws(ReportError) -> SourcePosition? {
        try optional(name, "a position such as 4242@binlog.000017:1234") { $0.text.flatMap { SourcePosition($0) } }
    }

    func digest(_ name: String) throws(ReportError) -> Digest {
        try required(name, "a digest of 16 hexadecimal digits") { $0.text.flatMap { Digest($0) } }
    }

    func optionalDigest(_ name: String) throws(ReportError) -> Digest? {
        try optional(name, "a digest of 16 hexadecimal digits") { $0.text.flatMap { Digest($0) } }
    }

    func texts(_ name: String) throws(ReportError) -> [String] {
        try required(name, "a list of texts") { value in
            guard case .array(let elements) = value else { return nil }
            let texts = elements.compactMap(\.text)
            return texts.count == elements.count ? texts : nil
        }
    }

    func object(_ name: String) throws(ReportError) -> JSONFields {
        guard let object = try optionalObject(name) else { throw wrong(name, "an object") }
        return object
    }

    func optionalObject(_ name: String) throws(ReportError) -> JSONFields? {
        guard let member = value[name], !member.isNull else { return nil }
        return try JSONFields(member, file: file, path: "\(path)\(name).")
    }

    /// The objects of a list.
    func objects(_ name: String) throws(ReportError) -> [JSONFields] {
        let elements: [JSONValue] = try required(name, "a list") { if case .array(let list) = $0 { list } else { nil } }
        var objects: [JSONFields] = []
        for (index, element) in elements.enumerated() {
            objects.append(try JSONFields(element, file: file, path: "\(path)\(name)[\(index)]."))
        }
        return objects
    }

    /// The objects of a list that earlier versions did not write; none where it is absent.
    func addedObjects(_ name: String) throws(ReportError) -> [JSONFields] {
        value[name] == nil ? [] : try objects(name)
    }

    /// Names of the members, in their order.
    var names: [String] { (value.members ?? []).map(\.name) }

    func wrong(_ name: String, _ expected: String) -> ReportError {
        ReportError(.malformed, path: file, "`\(path)\(name)` is not \(expected)")
    }
}
