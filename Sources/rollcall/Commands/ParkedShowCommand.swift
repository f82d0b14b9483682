import ArgumentParser
import Domain
import Foundation
import Ledger
import Report

/// `rollcall parked show`
struct ParkedShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one parked record with its bytes.",
        discussion: "With --json, key, value and headers stand in Base64, for they can be anything.")

    @Argument(help: ArgumentHelp("The record, by the number that `parked list` shows.", valueName: "id"))
    var id: Int64

    @Flag(help: "Writes the record's value to standard output as it is, and nothing else.")
    var raw = false

    @OptionGroup var parked: ParkedFilesOption

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if raw, global.json { throw ValidationError("--raw and --json exclude each other") }
    }

    func run() throws {
        try parked.check()
        let path = try ParkedFiles(paths: try global.prepare(needs: [.ledger]).parkedPaths(named: parked.files)).path(of: id)
        let reader = try ParkedReader(path: path)
        guard let entry = try reader.entry(id: id), let bytes = try reader.bytes(of: id) else {
            throw CommandError("\(path): no record \(id) is parked; `rollcall parked list --all` shows those that are")
        }
        if raw {
            guard let value = bytes.value else { throw CommandError("record \(id) has no value: it is a tombstone") }
            try Console.shared.output(value)
        } else if global.json {
            try Console.shared.output(json(entry, bytes))
        } else {
            try Console.shared.output(text(entry, bytes))
        }
    }

    private func text(_ entry: ParkedEntry, _ bytes: ParkedBytes) -> String {
        var table = TextTable()
        func moment(_ ms: Int64) -> String { UTCTime(millisecondsSince1970: ms).description }
        table.add(["record", "\(entry.topic) \(entry.address.partition):\(entry.address.offset)"])
        if entry.timestampMs >= 0 { table.add(["written", moment(entry.timestampMs)]) }
        table.add(["user", entry.user?.text ?? "-"])
        table.add(["hop", entry.hop.rawValue])
        table.add(["reason", "\(entry.reason.rawValue): \(entry.message)"])
        table.add(["state", entry.state.rawValue + (entry.endedAtMs.map { " since \(moment($0))" } ?? "")])
        table.add(["attempts", "\(entry.attempts), first \(moment(entry.firstParkedAtMs)), last \(moment(entry.lastParkedAtMs))"])
        table.add(["key", Self.preview(bytes.key)])
        for header in bytes.headers { table.add(["header \(header.name)", Self.preview(header.value)]) }
        table.add(["value", Self.preview(bytes.value)])
        return table.text
    }

    private func json(_ entry: ParkedEntry, _ bytes: ParkedBytes) -> Domain.JSONValue {
        func base64(_ bytes: [UInt8]?) -> Domain.JSONValue { .string(bytes.map { Data($0).base64EncodedString() }) }
        let headers = bytes.headers.map { header -> Domain.JSONValue in
            ["name": .string(header.name), "value_base64": base64(header.value)]
        }
        return .object(
            (entry.json.members ?? []) + [
                .init("key_base64", base64(bytes.key)), .init("value_base64", base64(bytes.value)),
                .init("headers", .array(headers)),
            ])
    }

    /// The beginning as text where it is text, else in hexadecimal digits.
    private static func preview(_ bytes: [UInt8]?) -> String {
        guard let bytes else { return "null" }
        let limit = 500
        let rest = bytes.count > limit ? " … (\(PlainText.grouped(bytes.count)) bytes; --raw writes all of the value)" : ""
        if let text = String(validating: bytes, as: UTF8.self) { return text.prefix(limit) + rest }
        let digits = bytes.prefix(limit / 5).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        return "0x \(digits)"
            + (bytes.count > limit / 5 ? " … (\(PlainText.grouped(bytes.count)) bytes; --raw writes all of the value)" : "")
    }
}
