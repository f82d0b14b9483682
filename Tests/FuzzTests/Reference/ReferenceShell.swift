/// The words that a shell makes of a command with plain words, single quotes and bash's `$'…'`.
enum ReferenceShell {
    /// - Returns: Nil where a quote is not closed, or something stands bare that a shell would not take for text.
    static func words(of command: String) -> [[UInt8]]? {
        var words: [[UInt8]] = []
        var word: [UInt8]?
        var rest = Array(command.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: " "):
                if let word { words.append(word) }
                word = nil
            case UInt8(ascii: "'"):
                guard let end = rest.firstIndex(of: byte) else { return nil }
                word = (word ?? []) + rest[..<end]
                rest = rest[(end + 1)...]
            case UInt8(ascii: "$"):
                guard rest.popFirst() == UInt8(ascii: "'"), let text = ansiText(&rest) else { return nil }
                word = (word ?? []) + text
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { return nil }
                word = (word ?? []) + [next]
            case _ where isPlain(byte): word = (word ?? []) + [byte]
            default: return nil
            }
        }
        return words + (word.map { [$0] } ?? [])
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "-_./:=@%+,".utf8.contains(byte)
        }
    }

    private static func ansiText(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var text: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "'") { return text }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let code = rest.popFirst() else { return nil }
            let names: [UInt8: UInt8] = [0x6E: 10, 0x74: 9, 0x72: 13, 0x5C: 0x5C, 0x27: 0x27, 0x22: 0x22]
            if let named = names[code] {
                text.append(named)
            } else if (0x30...0x37).contains(code) {
                // Up to three octal digits.
                var value = Int(code - 0x30)
                for _ in 0..<2 {
                    guard let digit = rest.first, (0x30...0x37).contains(digit) else { break }
                    value = value * 8 + Int(digit - 0x30)
                    rest.removeFirst()
                }
                text.append(UInt8(truncatingIfNeeded: value))
            } else {
                return nil
            }
        }
        return nil
    }
}
