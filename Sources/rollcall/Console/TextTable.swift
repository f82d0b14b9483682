import Report

/// Columns of text, as wide as their widest cell, two spaces apart. What other programs wrote is made safe for a terminal.
struct TextTable {
    private(set) var rows: [[String]] = []

    init(header: [String] = []) {
        if !header.isEmpty { rows.append(header) }
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells.map(PlainText.visible))
    }

    /// Lines, each ended by a line feed; the last column is not padded.
    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? PlainText.width($0[column]) : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : PlainText.padded(cell, to: widths[column])
            }.joined(separator: "  ") + "\n"
        }.joined()
    }
}
