import Domain

extension FuzzTarget {
    /// Parts: one kind of column per byte; then, cell by cell, two rows, the first of which is the aggregate query's.
    ///
    /// Rows have equal bytes exactly where they mean the same, the fields that are told to differ are those that do, and bytes are JSON.
    static let encoding = FuzzTarget(name: "encoding") { bytes in
        var input = FuzzInput(bytes)
        let kinds = input.next().prefix(6).map { ColumnKind.allCases[Int($0) % ColumnKind.allCases.count] }
        guard !kinds.isEmpty else { return }
        let columns = kinds.enumerated().map { RowEncoder.Column(name: "c\($0)", kind: $1) }
        var encoder = RowEncoder(columns: columns)
        var rows: [(bytes: [UInt8], meaning: [ReferenceMeaning])] = []
        for _ in 0..<2 {
            let cells = kinds.map { _ in cell(&input) }
            let meaning = zip(cells, kinds).map { ReferenceMeaning($0, $1) }
            let encoded = try? encoder.encode(cells)
            let isValue = meaning.allSatisfy { $0 != nil }
            try demand((encoded != nil) == isValue, "\(kinds) \(cells.map(shown)): encoded \(shown(encoded)), means \(meaning)")
            guard let encoded else { return }
            try demand(ReferenceJSON(encoded) != nil, "the encoding is no JSON: \(shown(encoded))")
            rows.append((encoded, meaning.compactMap { $0 }))
        }
        let differing = zip(rows[0].meaning, rows[1].meaning).enumerated().filter { $1.0 != $1.1 }.map { "c\($0.offset)" }
        try demand(
            (rows[0].bytes == rows[1].bytes) == differing.isEmpty,
            "\(shown(rows[0].bytes)) and \(shown(rows[1].bytes)) differ in \(differing)")
        let comparison = FieldComparison(columns)
        let told = comparison.differingFields(rows[0].bytes, rows[1].bytes, isOwn: true)
        try demand(
            told == differing,
            "\(shown(rows[0].bytes)) and \(shown(rows[1].bytes)) differ in \(differing), and \(told ?? ["?"]) was told")
        // Digests stand for bytes.
        try demand(
            (Digest(of: rows[0].bytes) == Digest(of: rows[1].bytes)) == differing.isEmpty, "the digests of two rows are equal")
    }

    /// A part of one byte 0xFE is NULL: as UTF-8 it means nothing, so that no text is lost.
    private static func cell(_ input: inout FuzzInput) -> [UInt8]? {
        let part = input.next()
        return part == [0xFE] ? nil : part
    }
}
