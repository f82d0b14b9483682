import Domain
import Testing

@Suite("The digest")
struct DigestTests {
    /// The test buffer and the results of xxHash's own sanity check:
    /// https://github.com/Cyan4973/xxHash/blob/dev/tests/sanity_test_vectors.h (and `XSUM_sanityCheck` of xxhsum before it).
    @Test(
        "agrees with the vectors that xxHash publishes",
        arguments: [
            (0, 0xEF46_DB37_51D8_E999), (1, 0xE934_A84A_DB05_2768), (4, 0x9136_A0DC_A574_57EE), (14, 0x8282_DCC4_994E_35C8),
            (222, 0xB641_AE8C_B691_C174),
        ] as [(Int, UInt64)])
    func publishedVectors(_ length: Int, _ expected: UInt64) {
        var generator: UInt64 = 2_654_435_761
        let buffer = (0..<length).map { _ in
            defer { generator &*= 11_400_714_785_074_694_797 }
            return UInt8(truncatingIfNeeded: generator >> 56)
        }
        #expect(Digest(of: buffer).rawValue == expected)
    }

    /// Printed by `xxhsum -H64` 0.8.1.
    @Test(
        "agrees with xxhsum",
        arguments: [
            ("a", "d24ec4f1a98c6e5b"), ("abc", "44bc2cf5ad770999"),
            ("Nobody inspects the spammish repetition", "fbcea83c8a378bf1"),
            ("The quick brown fox jumps over the lazy dog", "0b242d361fda71bc"),
        ])
    func texts(_ input: String, _ expected: String) {
        #expect(Digest(of: utf8(input)).description == expected)
    }

    /// `head -c N /dev/zero | tr '\0' x | xxhsum -H64`, version 0.8.1: around the edges of stripes and words.
    @Test(
        "agrees with xxhsum around its block sizes",
        arguments: [
            (31, "60dd0d01083b99f0"), (32, "e2df261fc2ec30eb"), (33, "b3fa465f554208a6"), (63, "b8467bf77f6c2c48"),
            (64, "a97161d5402f516e"), (65, "4e510f5868b33dd5"), (100, "92f0de5a88a3c094"),
        ])
    func lengths(_ length: Int, _ expected: String) {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        #expect(Digest(of: bytes).description == expected)
        // At every alignment of the memory, which a slice of a larger buffer has.
        for shift in 0..<8 {
            let shifted = [UInt8](repeating: 0, count: shift) + bytes
            let digest = shifted.withUnsafeBytes { Digest(of: UnsafeRawBufferPointer(rebasing: $0[shift...])) }
            #expect(digest.description == expected)
        }
    }

    @Test("is written as sixteen digits and read back")
    func roundTrip() {
        var random = SeededGenerator(seed: 1)
        for value in [0, 1, 0xF, .max, 1 << 60] + (0..<100).map({ _ in UInt64.random(in: 0...(.max), using: &random) }) {
            let digest = Digest(rawValue: value)
            #expect(digest.description.utf8.count == 16)
            #expect(Digest(digest.description) == digest)
        }
    }

    @Test(
        "is not read from anything else",
        arguments: [
            "", "0", "+ef46db3751d8e99", "-000000000000000", "ef46db3751d8e99", "ef46db3751d8e9999", "ef46db3751d8e99g",
            " ef46db3751d8e99",
            "ｅf46db3751d8e",
        ])
    func malformed(_ text: String) {
        #expect(Digest(text) == nil)
    }
}
