extension String {
    /// The text of these bytes; nil where they are not UTF-8.
    ///
    /// What `String(validating:as:)` says, several times faster: that one is not specialised, and asks the runtime for types with each
    /// call.
    public init?(utf8 bytes: [UInt8]) {
        guard let text = bytes.withUnsafeBufferPointer({ String(utf8: $0) }) else { return nil }
        self = text
    }

    /// The same for bytes that are only lent.
    init?(utf8 bytes: UnsafeBufferPointer<UInt8>) {
        guard isUTF8(bytes) else { return nil }
        self = String(decoding: bytes, as: UTF8.self)
    }

    /// Whether both texts are the same bytes. Swift's own comparison asks for more, and takes `é` as one scalar and as two for the same.
    func isSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { hasSameBytes(mine, $0) }
        }
        // Both are stored so, unless they come from Objective-C.
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

/// Whether the bytes are UTF-8, which is found out without making a text of them.
func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    do {
        _ = try UTF8Span(validating: bytes.span)
        return true
    } catch {
        return false
    }
}

/// Compares eight bytes at a time. The standard library's `elementsEqual` goes byte by byte through two iterators.
func hasSameBytes(_ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>) -> Bool {
    let count = one.count
    guard count == other.count else { return false }
    let (mine, theirs) = (UnsafeRawBufferPointer(one), UnsafeRawBufferPointer(other))
    var position = 0
    while position + 8 <= count {
        guard
            mine.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                == theirs.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        else { return false }
        position += 8
    }
    while position < count {
        guard mine[position] == theirs[position] else { return false }
        position += 1
    }
    return true
}
