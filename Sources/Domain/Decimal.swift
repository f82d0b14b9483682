extension [UInt8] {
    /// Appends a number in decimal, with zeros before it if it has fewer digits than that.
    ///
    /// Positions and addresses are written for every record that goes through the pipeline, and a number that is first made a text of
    /// costs as much as all else about them.
    mutating func append(decimal number: UInt64, minimumDigits: Int = 1) {
        // The largest has twenty digits.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = number
            var start = digits.count
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            while start > 0, digits.count - start < minimumDigits {
                start -= 1
                digits[start] = UInt8(ascii: "0")
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// The same for a number that may be negative.
    mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude)
    }
}

extension UInt64 {
    /// The number that these bytes spell in decimal. It understands what `UInt64(_: String)` does, and makes no text of plain digits.
    init?(decimal bytes: UnsafeBufferPointer<UInt8>) {
        guard let number = UInt64(plainDecimal: bytes) ?? UInt64(String(decoding: bytes, as: UTF8.self)) else { return nil }
        self = number
    }

    /// The number of one to nineteen digits, which cannot overflow; nil for anything else.
    init?(plainDecimal bytes: UnsafeBufferPointer<UInt8>) {
        guard (1...19).contains(bytes.count) else { return nil }
        var number: UInt64 = 0
        for byte in bytes {
            let digit = byte &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            number = number * 10 + UInt64(digit)
        }
        self = number
    }
}
