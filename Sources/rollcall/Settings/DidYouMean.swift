/// The known word that a mistyped one most likely stands for; nil where none is close.
///
/// Close means at most a third of the letters of its last part wrong, a swap of neighbours counting as one: the sections before
/// it are long, and mostly right.
func closestMatch(to word: String, among known: [String]) -> String? {
    let lastPart = word.split(separator: ".").last ?? ""
    let limit = max(1, lastPart.count / 3)
    return known.map { (word: $0, distance: editDistance(word, $0)) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
}

/// The restricted Damerau–Levenshtein distance: insertions, deletions, substitutions and swaps of neighbours.
func editDistance(_ left: String, _ right: String) -> Int {
    let left = Array(left.unicodeScalars)
    let right = Array(right.unicodeScalars)
    guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
    var beforePrevious = [Int](repeating: 0, count: right.count + 1)
    var previous = Array(0...right.count)
    for row in 1...left.count {
        var current = [row]
        for column in 1...right.count {
            let substitution = previous[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
            var best = min(previous[column] + 1, current[column - 1] + 1, substitution)
            if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                best = min(best, beforePrevious[column - 2] + 1)
            }
            current.append(best)
        }
        (beforePrevious, previous) = (previous, current)
    }
    return previous[right.count]
}
