import Domain
import Foundation

/// Which hop goes first when there is more to do than the processors can: the one that is nearest to the end.
///
/// Work that is almost done is finished before new work is begun. With equal shares the first hops run ahead over a backlog, the last
/// one is given the least for what it has to do, and works on alone when the others are through, mostly waiting for its answers, while
/// the processors idle (`scripts/bench stream`). Where the processors have time to spare, nothing changes.
extension Hop {
    /// How much further than the process a worker's thread steps back.
    ///
    /// On Linux a nice value belongs to one thread and is handed on to those that it starts, librdkafka's among them
    /// (https://man7.org/linux/man-pages/man7/sched.7.html). Five steps are a third of the time of one that competes, ten are a ninth.
    var niceness: Int32 {
        switch self {
        case .intake: 10
        case .aggregator: 5
        case .enricher: 0
        }
    }

    /// Gives the calling thread, and what it will start, this hop's place. One that the system does not grant it goes on as it is.
    func takePlace() {
        guard niceness > 0 else { return }
        let process = __priority_which_t(PRIO_PROCESS.rawValue)
        // Relative, because the whole process may have been told to step back. The system holds it to the highest there is.
        _ = setpriority(process, 0, getpriority(process, 0) + niceness)
    }
}
