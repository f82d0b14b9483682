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
        var text = String(decoding: bytes, as: UTF8.self)
        // Decoding mends what is not UTF-8, and never into the bytes that were there.
        guard text.utf8.count == bytes.count, text.withUTF8({ $0.elementsEqual(bytes) }) else { return nil }
        self = text
    }

    /// Whether both texts are the same bytes. Swift's own comparison asks for more, and takes `é` as one scalar and as two for the same.
    func isSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        let isSame = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { mine.elementsEqual($0) }
        }
        // Both are stored so, unless they come from Objective-C.
        return (isSame ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}
