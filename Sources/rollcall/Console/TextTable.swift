import Report

/// Columns of text, as wide as their widest cell, two spaces apart; numbers line up at their right. What other programs wrote is
/// made safe for a terminal.
struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []

    init(header: [String] = []) {
        self.header = header
    }

    mutating func add(_ cells: [String]) {
        rows.append(cells.map(PlainText.visible))
    }

    /// Lines, each ended by a line feed and none by spaces.
    var text: String {
        let lines = (header.isEmpty ? [] : [header]) + rows
        let columns = (0..<(lines.map(\.count).max() ?? 0)).map { index in
            let width = lines.map { $0.indices.contains(index) ? PlainText.width($0[index]) : 0 }.max() ?? 0
            let cells = rows.compactMap { $0.indices.contains(index) ? $0[index] : nil }
            return (width: width, isNumeric: !header.isEmpty && cells.allSatisfy(Self.isNumber))
        }
        return lines.map { line in
            zip(line, columns).enumerated().map { index, entry in
                let (cell, column) = entry
                if column.isNumeric { return String(repeating: " ", count: column.width - PlainText.width(cell)) + cell }
                return index == line.count - 1 ? cell : PlainText.padded(cell, to: column.width)
            }.joined(separator: "  ") + "\n"
        }.joined()
    }

    /// A number, or the dash that stands for none.
    private static func isNumber(_ cell: String) -> Bool {
        cell == "-" || !cell.isEmpty && cell.allSatisfy { $0.isASCII && ($0.isNumber || $0 == ",") }
    }
}
