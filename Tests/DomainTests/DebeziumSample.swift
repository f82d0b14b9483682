import Domain
import Foundation

/// One real record, as `DebeziumSamples/NOTES.md` describes: exact bytes of key, value and headers.
struct DebeziumSample: Sendable {
    let key: [UInt8]?
    let value: [UInt8]?
    let headers: [String: [UInt8]]

    static var directory: URL {
        get throws {
            struct NoSamples: Error {}
            guard let url = Bundle.module.url(forResource: "DebeziumSamples", withExtension: nil) else { throw NoSamples() }
            return url
        }
    }

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path)
            .filter { $0.hasSuffix(".json") && !$0.hasPrefix("_") }
            .map { String($0.dropLast(".json".count)) }.sorted()
    }

    /// Foundation reads the file, so that the parser under test does not also say what it was given.
    init(named name: String) throws {
        struct NotASample: Error {}
        let data = try Data(contentsOf: Self.directory.appendingPathComponent(name + ".json"))
        guard let file = try JSONSerialization.jsonObject(with: data) as? [String: Any] else { throw NotASample() }
        key = (file["key_raw"] as? String).map(utf8)
        value = (file["value_raw"] as? String).map(utf8)
        let pairs = (file["headers"] as? [[String]] ?? []).map { ($0[0], utf8($0[1])) }
        headers = Dictionary(pairs) { _, last in last }
    }
}
