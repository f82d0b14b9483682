import ArgumentParser
import Domain
import Foundation
import Ledger
import Report

/// `rollcall parked show`
struct ParkedShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Shows one parked record.",
        discussion: """
            Key, headers and value are a person's data: without --reveal their sizes and digests are shown. With --reveal and --json \
            they stand in Base64, for they can be anything. Who asked for them, and when, is written into reports/reveals.ndjson.
            """)

    @Argument(help: ArgumentHelp("The record, by the number that `parked list` shows.", valueName: "id"))
    var id: Int64

    @Flag(help: "With --reveal: writes the record's value to standard output as it is, and nothing else.")
    var raw = false

    @Flag(help: "Shows the bytes of key, headers and value.")
    var reveal = false

    @OptionGroup var parked: ParkedFilesOption

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if raw, global.json { throw ValidationError("--raw and --json exclude each other") }
        if raw, !reveal { throw ValidationError("--raw shows a person's data: say --reveal as well, and it is put on record") }
    }

    func run() throws {
        try parked.check()
        let settings = try global.prepare(needs: [.ledger, .reports])
        let path = try ParkedFiles(paths: try settings.parkedPaths(named: parked.files)).path(of: id)
        let reader = try ParkedReader(path: path)
        guard let entry = try reader.entry(id: id), let bytes = try reader.bytes(of: id) else {
            throw CommandError("\(path): no record \(id) is parked; `rollcall parked list --all` shows those that are")
        }
        if reveal {
            try RevealRecord.append(
                [
                    "at": .string(UTCTime.now().description), "by": .string(RevealRecord.account), "command": "parked show",
                    "parked": .number(id), "user": .string(entry.user?.text),
                ], in: try settings.value(EffectiveSettings.keys.reports.directory))
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
        table.add(["key", shown(bytes.key)])
        for header in bytes.headers { table.add(["header \(header.name)", shown(header.value)]) }
        table.add(["value", shown(bytes.value)])
        return table.text
    }

    private func json(_ entry: ParkedEntry, _ bytes: ParkedBytes) -> Domain.JSONValue {
        func base64(_ bytes: [UInt8]?) -> Domain.JSONValue {
            .string(bytes.flatMap { reveal ? Data($0).base64EncodedString() : nil })
        }
        func digest(_ bytes: [UInt8]?) -> Domain.JSONValue { .string(bytes.map { Digest(of: $0).description }) }
        let headers = bytes.headers.map { header -> Domain.JSONValue in
            ["name": .string(header.name), "digest": digest(header.value), "value_base64": base64(header.value)]
        }
        return .object(
            (entry.json.members ?? []) + [
                .init("key_digest", digest(bytes.key)), .init("value_digest", digest(bytes.value)),
                .init("key_base64", base64(bytes.key)), .init("value_base64", base64(bytes.value)),
                .init("headers", .array(headers)),
            ])
    }

    private func shown(_ bytes: [UInt8]?) -> String {
        guard let bytes, !reveal else { return Self.preview(bytes) }
        return "\(PlainText.count(bytes.count, "byte")), digest \(Digest(of: bytes)); --reveal shows them"
    }

    /// The beginning as text where it is text, else in hexadecimal digits.
    private static func preview(_ bytes: [UInt8]?) -> String {
        guard let bytes else { return "null" }
        let limit = 500
        let rest =
            bytes.count > limit ? " … (\(PlainText.grouped(bytes.count)) bytes; --raw --reveal writes all of the value)" : ""
        if let text = String(validating: bytes, as: UTF8.self) { return text.prefix(limit) + rest }
        let digits = bytes.prefix(limit / 5).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        return "0x \(digits)"
            + (bytes.count > limit / 5
                ? " … (\(PlainText.grouped(bytes.count)) bytes; --raw --reveal writes all of the value)" : "")
    }
}
