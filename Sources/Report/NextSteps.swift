import Domain

/// A command to run next, and what it does for the reader.
struct NextStep: Equatable {
    let command: String
    let purpose: String
}

extension RunReport {
    /// What to run next, the most useful first. Buckets that one command mends share a line.
    func nextSteps(_ commands: Commands) -> [NextStep] {
        switch verdict {
        case .clean: return []
        case .error:
            return [
                NextStep(
                    command: commands.doctor, purpose: "examines every precondition, and names what mends those that are not met")
            ]
        case .incomplete:
            let again = mode == .verify ? commands.verify : commands.reconcile
            return [
                NextStep(command: again, purpose: "calls the roll again, once the pipeline has caught up")
            ]
        case .differences: return mending(commands)
        }
    }

    private func mending(_ commands: Commands) -> [NextStep] {
        let buckets = causes.keys.sorted()
        let parked = buckets.filter(\.isParked)
        let others = buckets.filter { !$0.isParked }
        var steps: [NextStep] = []
        if !others.isEmpty {
            steps.append(
                NextStep(
                    command: commands.repairDryRun(runID),
                    purpose: "names the signals for \(describe(others)); without --dry-run it mends and re-verifies them"))
        }
        if !parked.isEmpty {
            steps.append(
                NextStep(command: commands.parkedList, purpose: "says why records are parked: \(describe(parked))"))
            steps.append(NextStep(command: commands.parkedRetry, purpose: "tries them again, once the reason is mended"))
        }
        // An id can be as long as a key of a topic; such a command helps nobody.
        if let command = examples.lazy.compactMap({ commands.explain($0.user) }).first(where: { $0.utf8.count <= 300 }) {
            steps.append(NextStep(command: command, purpose: "tells the whole life of the first example"))
        }
        return steps
    }

    /// `14 aggregate missing, 3 god stale`.
    private func describe(_ buckets: [Bucket]) -> String {
        var order: [String] = []
        var numbers: [String: Int] = [:]
        for bucket in buckets {
            let name = "\(bucket.stage.rawValue) \(bucket.kind.rawValue)"
            if numbers[name] == nil { order.append(name) }
            numbers[name, default: 0] += causes[bucket] ?? 0
        }
        return order.map { "\(PlainText.grouped(numbers[$0] ?? 0)) \($0)" }.joined(separator: ", ")
    }
}
