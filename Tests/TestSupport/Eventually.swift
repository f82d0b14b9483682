import Foundation

/// Asks again and again until a condition holds, for five minutes at most: what other processes do takes as long as the machine is
/// busy, and a test that gives up sooner fails for that alone.
///
/// - Parameter what: What is waited for, in words.
/// - Throws: ``NotInTime``, or what the condition throws.
public func eventually(_ what: @autoclosure () -> String, _ condition: () throws -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < deadline {
        if try condition() { return }
        Thread.sleep(forTimeInterval: 0.05)
    }
    throw NotInTime(what: what())
}

/// A condition that did not come to hold.
public struct NotInTime: Error {
    /// What was waited for.
    public let what: String
}
