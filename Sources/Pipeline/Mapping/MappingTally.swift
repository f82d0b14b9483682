/// What one mapping client has done, and what of it the counters that all clients share know already.
struct MappingTally {
    var counts = HTTPMappingService.Counts()
    /// Of the requests since the last telling.
    var latency = LatencyHistogram()
    private let shared: MappingCounters?
    private var told = HTTPMappingService.Counts()
    private var toldOpen = false

    init(shared: MappingCounters?) {
        self.shared = shared
    }

    /// Adds what was done since the last time to what all clients share.
    mutating func tell(isBreakerOpen: Bool) {
        shared?.add {
            $0.requests += counts.requests - told.requests
            $0.retries += counts.retries - told.retries
            $0.cacheHits += counts.cacheHits - told.cacheHits
            $0.breakerOpenings += counts.breakerOpenings - told.breakerOpenings
            $0.openBreakers += (isBreakerOpen ? 1 : 0) - (toldOpen ? 1 : 0)
            $0.latency.merge(latency)
        }
        told = counts
        toldOpen = isBreakerOpen
        latency = LatencyHistogram()
    }
}
