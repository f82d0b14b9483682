/// A part of the product that has to stand any bytes, and what must hold of it whatever they are.
///
/// The fuzzer calls it with millions of inputs (`scripts/fuzz`), the suite with the committed corpora, in which every input that
/// ever broke something stays.
struct FuzzTarget: Sendable {
    let name: String
    /// - Throws: ``Broken`` when something does not hold.
    let run: @Sendable ([UInt8]) throws -> Void

    static let all = [changeEvent, settings, mapping, encoding, comparison, json, finding, report]

    static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A promise that an input showed to be false.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

func demand(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
    guard condition else { throw Broken(description: promise()) }
}

/// The parts of an input. A mutation moves the separator about more easily than it mends a length.
struct FuzzInput {
    /// Stands between two parts: a control character, which no text that matters here may hold.
    static let separator: UInt8 = 0x1E
    private var parts: [ArraySlice<UInt8>]

    init(_ bytes: [UInt8]) {
        parts = Array(bytes.split(separator: Self.separator, omittingEmptySubsequences: false).reversed())
    }

    /// The next part; empty when there is none left.
    mutating func next() -> [UInt8] { parts.popLast().map { Array($0) } ?? [] }

    /// The next part, where one that is empty means that there is none.
    mutating func nextIfAny() -> [UInt8]? {
        let part = next()
        return part.isEmpty ? nil : part
    }

    mutating func nextText() -> String { String(decoding: next(), as: UTF8.self) }

    /// A number made of the next part's bytes, whatever they are.
    mutating func nextNumber() -> UInt64 { next().suffix(8).reduce(0) { $0 << 8 | UInt64($1) } }

    var isAtEnd: Bool { parts.isEmpty }
}

func shown(_ bytes: [UInt8]?) -> String {
    bytes.map { String(decoding: $0.prefix(200), as: UTF8.self).debugDescription } ?? "nothing"
}
