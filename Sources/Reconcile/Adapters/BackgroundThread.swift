import Foundation

/// Threads for work that is to give way to the rest of the process.
public enum BackgroundThread {
    /// Runs a task on a thread of its own, which takes what processor time the process's other threads leave.
    ///
    /// On Linux a nice value belongs to one thread, and is handed on to the threads that it starts: those that share the task's work,
    /// and those of librdkafka for each client that is made there (https://man7.org/linux/man-pages/man7/sched.7.html). What servers
    /// do for the task is not theirs to yield; for that a run has its limits of load.
    public static func start(_ name: String, _ task: @escaping @Sendable () -> Void) {
        let thread = Thread {
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
            task()
        }
        thread.name = name
        thread.start()
    }

    /// The highest there is: such a thread gets a seventieth of the time of one that competes with it for a core, and all of an idle
    /// core's. The policy for idle work (`SCHED_IDLE`) would give it less still, and cost the others more: a thread that holds a lock of the
    /// allocator must come to its turn to let go of it.
    static let niceness: Int32 = 19
}
