import Domain

extension FuzzTarget {
    /// The parser takes exactly what the standard allows, reads the same out of it as other code does, and what it writes is read
    /// back as the same.
    static let json = FuzzTarget(name: "json") { bytes in
        let ours = try? JSONValue(parsing: bytes)
        let theirs = ReferenceJSON(bytes)
        try demand(
            JSONValue.isValid(bytes) == (ours != nil), "looked at without being read, it is judged otherwise: \(shown(bytes))")
        let outline = try? JSONOutline(bytes, JSONNames(outlined))
        try demand((outline != nil) == (ours != nil), "looked at for some members, it is judged otherwise: \(shown(bytes))")
        if let outline, let ours {
            try demand(shows(outline, outline.whole, ours), "looked at for some members, it is another one: \(shown(bytes))")
        }
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

/// The members that an outline is made of.
private let outlined = ["a", "op", "source"]

/// Whether an outline shows there what the value is.
private func shows(_ outline: JSONOutline, _ place: JSONOutline.Place, _ value: JSONValue) -> Bool {
    guard outline.value(place) == value, outline.text(place) == value.text, outline.integer(place) == value.integer,
        outline.unsignedInteger(place) == value.unsignedInteger, outline.isNull(place) == value.isNull,
        outline.isObject(place) == (value.members != nil)
    else { return false }
    guard let members = value.members else { return true }
    return outline.memberCount(of: place) == members.count
        && outlined.enumerated().allSatisfy { index, name in
            switch (outline.member(index, of: place), value[name]) {
            case (nil, nil): true
            case (let place?, let value?): shows(outline, place, value)
            default: false
            }
        }
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
