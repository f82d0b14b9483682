import Synchronization

/// What a thread that works said last, for another one that shows it.
final class Latest<Word: Sendable>: Sendable {
    private let state: Mutex<Word>

    init(_ word: Word) { state = Mutex(word) }

    var word: Word { state.withLock { $0 } }

    func say(_ word: Word) { state.withLock { $0 = word } }
}
