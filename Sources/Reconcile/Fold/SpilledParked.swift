import Domain

/// The open parked records whose users are known, parted by user.
struct SpilledParked: Sendable {
    var spill: Spill
    /// Whose records are kept; nil for everyone's.
    private let filter: DueFilter?

    /// Nobody, in parts of a shape.
    init(shape: Spill.Shape, only filter: DueFilter? = nil) {
        self.filter = filter
        // Parked records are few as a rule.
        var shape = shape
        shape.blockBytes = Self.blockBytes
        spill = Spill(shape)
    }

    /// Reads what is open now, instead of what was open before.
    mutating func read(_ port: any ParkedPort, kind: UserIDKind) throws {
        spill = Spill(spill.shape)
        var payload = PayloadWriter()
        _ = try port.open { user, parking in
            let key = kind.key(user)
            if let filter, !filter.covers(key) { return }
            payload.removeAll()
            payload.add(user.text)
            payload.add(parking)
            try spill.append(
                SpillEntry(
                    key: key, digest: nil, address: parking.address, payloadBytes: payload.bytes.count),
                payload: payload.bytes)
        }
    }

    private static let blockBytes = 512

    /// What an entry's payload says.
    static func entry(in payload: UnsafeRawBufferPointer) throws(ReconcileError) -> (user: UserID, parking: OpenParking) {
        var reader = PayloadReader(Array(payload))
        return (UserID(try reader.text()), try reader.parking())
    }
}

extension PayloadWriter {
    mutating func add(_ parking: OpenParking) {
        add(parking.hop.rawValue)
        add(parking.reason.rawValue)
        add(parking.address)
        add(parking.parkedAtMs)
    }
}

extension PayloadReader {
    mutating func parking() throws(ReconcileError) -> OpenParking {
        let hop = Hop(rawValue: try text())
        let reason = ParkReason(rawValue: try text())
        let address = try address()
        let parkedAtMs = try integer()
        guard let hop, let reason else {
            throw .temporaryFile(directory: SpillFile.defaultDirectory, reason: "what was read back is not what was written")
        }
        return OpenParking(hop: hop, reason: reason, address: address, parkedAtMs: parkedAtMs)
    }
}
