import Domain

extension FuzzTarget {
    /// The parser takes exactly what the standard allows, reads the same out of it as other code does, and what it writes is read
    /// back as the same.
    static let json = FuzzTarget(name: "json") { bytes in
        let ours = try? JSONValue(parsing: bytes)
        let theirs = ReferenceJSON(bytes)
        try demand(
            JSONValue.isValid(bytes) == (ours != nil), "looked at without being read, it is judged otherwise: \(shown(bytes))")
        let kept = try? JSONValue(parsing: bytes, keeping: JSONNames(["a", "op", "source"]))
        try demand(kept == ours?.keeping(["a", "op", "source"]), "read in part, it is another one: \(shown(bytes))")
        guard let ours else {
            return try demand(theirs == nil || (theirs?.depth ?? 0) > 128, "JSON was refused: \(shown(bytes))")
        }
        guard let theirs else { throw Broken(description: "no JSON was taken for some: \(shown(bytes))") }
        try demand(ReferenceJSON(ours) == theirs, "\(shown(bytes)) was read as \(ours)")
        try demand((try? JSONValue(parsing: ours.bytes)) == ours, "what was written is not what was read: \(ours)")
        try demand(ReferenceJSON(ours.sorted) == theirs.ordered, "\(shown(bytes)) was put into the order \(ours.sorted)")
        try demand(ours.sorted.sorted == ours.sorted, "ordering again changed \(ours)")
    }
}

extension JSONValue {
    /// What is left of it where all members but these are null.
    fileprivate func keeping(_ names: Set<String>) -> JSONValue {
        switch self {
        case .array(let elements): .array(elements.map { $0.keeping(names) })
        case .object(let members):
            .object(members.map { Member($0.name, isAmong($0.name, names) ? $0.value.keeping(names) : .null) })
        default: self
        }
    }

    private func isAmong(_ name: String, _ names: Set<String>) -> Bool { names.contains { $0.utf8.elementsEqual(name.utf8) } }
}

extension ReferenceJSON {
    init(_ value: JSONValue) {
        self =
            switch value {
            case .null: .null
            case .bool(let flag): flag ? .yes : .no
            case .number(let text): .number(Array(text.utf8))
            case .string(let text): .string(Array(text.utf8))
            case .array(let elements): .array(elements.map { ReferenceJSON($0) })
            case .object(let members): .object(members.map { (name: Array($0.name.utf8), value: ReferenceJSON($0.value)) })
            }
    }
}
