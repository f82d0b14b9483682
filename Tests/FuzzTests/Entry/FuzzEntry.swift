import Glibc

/// The target that the environment names.
private let target: FuzzTarget = {
    let name = getenv("ROLLCALL_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget.named(name) else {
        let known = FuzzTarget.all.map(\.name).joined(separator: ", ")
        complain("ROLLCALL_FUZZ_TARGET is `\(name)`, and has to be one of \(known)")
        exit(64)
    }
    return target
}()

/// Called by libFuzzer, whose `main` this program has, with one input after the other.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    do {
        try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        // libFuzzer keeps the input of whatever ends the process.
        complain("\(error)")
        abort()
    }
    return 0
}

private func complain(_ what: String) {
    let line = Array("fuzz: \(what)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
}
