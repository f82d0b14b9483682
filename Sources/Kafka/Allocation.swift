import CRDKafka

/// How the C library's allocator treats what librdkafka's threads ask for.
///
/// It keeps an arena for nearly each thread, and each client of librdkafka brings several; what one arena has to spare is of no use to the
/// others, and large answers that were freed stay with the process. That is fast, and has nothing to do with a budget.
public enum Allocation {
    /// Two arenas: one for whoever reads, one for whoever brings.
    private static let arenas: Int32 = 2
    /// Answers of brokers are larger, and go back to the system as soon as they are freed. Set, it also keeps the limit from growing by
    /// itself, as it does by default (mallopt(3), M_MMAP_THRESHOLD).
    private static let mappedBytes: Int32 = 64 << 10

    /// Makes the allocator give back early what was freed, and share what was not. It holds for the whole process, and costs some
    /// speed. Threads that are there already keep their arenas.
    public static func giveBackEarly() {
        mallopt(M_ARENA_MAX, arenas)
        mallopt(M_MMAP_THRESHOLD, mappedBytes)
        mallopt(M_TRIM_THRESHOLD, mappedBytes)
    }

    /// Gives back all pages on which nothing lies, also between those that are in use, which freeing alone never does. It takes about a
    /// millisecond for each ten megabytes that the process has.
    public static func giveBackNow() { malloc_trim(0) }
}
