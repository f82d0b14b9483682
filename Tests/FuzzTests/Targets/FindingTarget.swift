import Domain

@testable import Report

extension FuzzTarget {
    /// Whoever the user is and whatever the fields are called, a finding is a line of JSON that is read back as the same, and a
    /// record of CSV with all of its cells, none of which a spreadsheet would compute.
    static let finding = FuzzTarget(name: "finding") { bytes in
        // As a file that somebody has edited.
        if let json = try? JSONValue(parsing: bytes), let line = try? FindingLine(json: json) {
            try demand(try FindingLine(json: line.json) == line, "a line came back as another one")
        }
        var input = FuzzInput(bytes)
        let line = try input.nextFinding(Commands(globalOptions: ["--config", input.nextText()]))
        let json = line.json.bytes
        try demand(ReferenceJSON(json) != nil, "no JSON: \(shown(json))")
        try demand(!json.contains(UInt8(ascii: "\n")), "a line of several lines")
        try demand(try FindingLine(json: try JSONValue(parsing: json)) == line, "came back as another one: \(shown(json))")

        let table = Array((CSV.header + CSV.row(line)).utf8)
        guard let records = ReferenceCSV.records(of: table) else { throw Broken(description: "no CSV: \(shown(table))") }
        try demand(records.map(\.count) == [CSV.columns.count, CSV.columns.count], "cells are missing: \(shown(table))")
        for cell in records[1] { try demand(!isFormula(cell), "a spreadsheet computes \(shown(cell))") }
        for unit in table where unit < 0x20 {
            try demand([0x09, 0x0A, 0x0D].contains(unit), "a terminal obeys \(unit)")
        }
        try checkCommands(line.user)
    }

    private static func isFormula(_ cell: [UInt8]) -> Bool {
        let text = String(decoding: cell, as: UTF8.self)
        guard let first = text.unicodeScalars.first(where: { !$0.properties.isWhitespace }) else { return false }
        return "=+-@＝＋－＠".unicodeScalars.contains(first) && Int64(text) == nil
    }

    /// No id can become an option, and no command can become two.
    private static func checkCommands(_ user: UserID) throws {
        let commands = Commands()
        let run = try RunID(parsing: FuzzInput.run)
        for command in [commands.repair(user, run: run), commands.repair(user), commands.explain(user)].compactMap({ $0 }) {
            let words = ReferenceShell.words(of: command)
            guard let words else { throw Broken(description: "no shell reads \(command.debugDescription)") }
            let isNamed = words.contains(user.keyBytes) || words.contains(Array("--user=".utf8) + user.keyBytes)
            try demand(isNamed || user.keyBytes.contains(0), "\(command.debugDescription) does not name the user")
            guard user.keyBytes.first == UInt8(ascii: "-"), let place = words.lastIndex(of: user.keyBytes) else { continue }
            try demand(words[..<place].contains(Array("--".utf8)), "\(command.debugDescription) takes the id for an option")
        }
    }
}
