import Pipeline

/// A metric by name, with what it means and its values, in Prometheus's text format.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
struct MetricFamily {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    let name: String
    let kind: Kind
    /// One sentence for the reader of `# HELP` and of the documentation.
    let help: String
    private var lines: [String] = []

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    mutating func add(_ labels: [(String, String)] = [], _ value: some BinaryInteger) {
        lines.append("\(name)\(Self.text(labels)) \(value)")
    }

    mutating func add(_ labels: [(String, String)] = [], _ value: Double) {
        lines.append("\(name)\(Self.text(labels)) \(value)")
    }

    /// Prometheus counts in seconds, and its buckets are cumulative.
    mutating func add(_ labels: [(String, String)] = [], _ histogram: LatencyHistogram) {
        var total = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let limit =
                LatencyHistogram.limitsMs.indices.contains(index) ? "\(Double(LatencyHistogram.limitsMs[index]) / 1_000)" : "+Inf"
            lines.append("\(name)_bucket\(Self.text(labels + [("le", limit)])) \(total)")
        }
        lines.append("\(name)_sum\(Self.text(labels)) \(Double(histogram.sumMs) / 1_000)")
        lines.append("\(name)_count\(Self.text(labels)) \(total)")
    }

    var text: String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n" + lines.map { $0 + "\n" }.joined()
    }

    private static func text(_ labels: [(String, String)]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(name)=\"\(escaped)\""
        }
        return "{\(pairs.joined(separator: ","))}"
    }
}
