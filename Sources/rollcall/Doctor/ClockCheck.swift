import Report

/// The clocks of the parts have to agree roughly: no verdict rests on them, but every age that is shown does.
enum ClockCheck {
    private static let why = "Clocks decide no verdict, but ages, `gate --max-age` and alerts are computed from them."
    /// More than any network makes of synchronised clocks.
    static let toleratedMs: Int64 = 2_000

    static func mysql(_ reading: ClockReading?) -> Check {
        let precondition = Precondition("clock.mysql", why: why)
        guard let reading else { return precondition.unknown("MySQL does not tell its time") }
        let distance = abs(reading.aheadMs)
        guard distance > toleratedMs + reading.uncertaintyMs else {
            return precondition.ok("MySQL's clock agrees with this machine's")
        }
        let direction = reading.aheadMs > 0 ? "ahead of" : "behind"
        return precondition.warning(
            "MySQL's clock is \(PlainText.duration(milliseconds: distance)) \(direction) this machine's",
            mend: "chronyc tracking    # on both machines; start chronyd or systemd-timesyncd where it does not run")
    }

    /// Kafka tells no time of its own; its records' timestamps do.
    ///
    /// - Parameter newestMs: the newest timestamp of the records that were looked at; nil where there was none.
    static func kafka(newestMs: Int64?, nowMs: Int64) -> Check {
        let precondition = Precondition("clock.kafka", why: why)
        guard let newestMs else { return precondition.unknown("no record tells the time at the brokers and producers") }
        guard newestMs > nowMs + toleratedMs else { return precondition.ok("no record is dated in the future") }
        return precondition.warning(
            "the newest record is dated \(PlainText.duration(milliseconds: newestMs - nowMs)) in the future",
            mend: "chronyc tracking    # here, on the brokers and on Kafka Connect's workers")
    }
}
