import Domain

extension RunReport {
    /// The verdict as one sentence: the first line of everything that presents the run.
    public var headline: String {
        switch verdict {
        case .clean: cleanHeadline
        case .differences: differencesHeadline
        case .incomplete: "Cannot tell yet: \(reason ?? "the run is not complete")"
        case .error: "No verdict: \(reason ?? "the run failed")"
        }
    }

    /// Users that the run looked at.
    public var users: Int { counts[.aggregate]?.users ?? counts[.god]?.users ?? source.rows }

    private var cleanHeadline: String {
        let arrived = counts[.god] == nil ? "reached the aggregate topic" : "made it across"
        let everyone =
            switch users {
            case 0: "there is no user, and nothing lies where none should be"
            case 1: "the only user \(arrived)"
            default: "every one of \(PlainText.grouped(users)) users \(arrived)"
            }
        guard coverage.plan == .full else {
            let due =
                switch users {
                case 0: "no user was due"
                case 1: "the one user that was due \(arrived)"
                default: "every one of \(PlainText.grouped(users)) users that were due \(arrived)"
                }
            return "Clean as far as planned: \(due); this was no full sweep"
        }
        let position = verifiedThrough.map { through in
            through.place.map { "\($0.file):\($0.offset)" } ?? through.description
        }
        let through = position.map { ", verified through \($0)" } ?? ""
        return "Safe: \(everyone)\(through)" + (fence.strength == .weak ? ", behind a weak fence" : "")
    }

    private var differencesHeadline: String {
        let numbers = [(\StageCounts.missing, "missing"), (\.stale, "stale"), (\.extra, "extra")]
            .map { "\(PlainText.grouped(total($0.0))) \($0.1)" }
        let start = mode == .verify ? "NOT safe to cut over" : "NOT in order"
        return
            "\(start): \(numbers.joined(separator: ", ")) of \(PlainText.count(users, "user")), \(coverage.percentText) scanned"
    }
}
