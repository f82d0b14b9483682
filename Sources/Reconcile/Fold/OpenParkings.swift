import Domain

/// A user's open parked records, out of the files of all processes.
///
/// Each process has a file of its own, in which an entry stays open that another process has settled since; so an entry must never hide
/// one that is open in earnest. Of the records of one partition the last one tells all: whatever settles it came after the others
/// too. Records of different partitions have no order, and all of them are kept.
struct OpenParkings: Sendable, Equatable {
    private struct Place: Hashable {
        var hop: Hop
        var partition: Int32
        /// What settles a stray is not what settles a record of the user's own partition.
        var isStray: Bool
    }

    private var newest: [Place: OpenParking] = [:]

    /// Takes note of an entry, in whatever order they come.
    mutating func note(_ entry: OpenParking) {
        let place = Place(
            hop: entry.hop, partition: entry.address.partition, isStray: entry.reason == .wrongPartition)
        if let known = newest[place], known.isAfter(entry, placed: place.isStray) { return }
        newest[place] = entry
    }

    /// All that tell something, the one that was parked last behind the others.
    var entries: [OpenParking] {
        newest.values.sorted { $1.isLater(than: $0) }
    }

    /// The entry of a hop that was parked last.
    subscript(_ hop: Hop) -> OpenParking? { entries.last { $0.hop == hop } }
}

extension OpenParking {
    /// Which of two records of one place is settled last. A stray is settled by time, the others by their offsets.
    fileprivate func isAfter(_ other: OpenParking, placed isStray: Bool) -> Bool {
        guard !isStray, address.offset != other.address.offset else { return isLater(than: other) }
        return address.offset > other.address.offset
    }

    /// By time, and where that says nothing by whatever tells two entries apart, so that the order is the same in every run.
    fileprivate func isLater(than other: OpenParking) -> Bool {
        (parkedAtMs, address.partition, address.offset, reason.rawValue)
            > (other.parkedAtMs, other.address.partition, other.address.offset, other.reason.rawValue)
    }
}
