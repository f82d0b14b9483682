/// How a run divides the memory that it may take.
///
/// Half is for what librdkafka fetches ahead, an eighth for blocks that are being filled, an eighth for rows that are read by their ids.
/// The table in which a part is compared may take a quarter, though not while anything is fetched ahead. The users of one batch
/// that is being settled may take as much: by then the table is gone, as are the blocks, and a sixteenth is for findings that the report's
/// page carries. When the history is told, all of these are gone but the last. The rest is for buffers of the client libraries, stacks, and
/// what the allocator cannot reuse at once.
struct MemoryPlan: Sendable {
    /// Nil: as much as it takes.
    private let budgetBytes: Int?

    init(budgetBytes: Int?) {
        self.budgetBytes = budgetBytes
    }

    /// The shape of spills of which `inputs` are filled at the same time.
    ///
    /// Many small parts compare faster than few large ones: a table of a megabyte stays in the processor's cache. 256 parts keep it
    /// so for millions of users, and a part that is too large in spite of them is parted again.
    func shape(inputs: Int, directory: String) -> Spill.Shape {
        let blocks = (budgetBytes ?? Self.enoughBytes) / 8 / max(1, inputs)
        var partBits = 8
        while partBits > 1, blocks >> partBits < Self.smallBlockBytes { partBits -= 1 }
        let blockBytes = min(max(blocks >> partBits, Self.smallestBlockBytes), Self.largestBlockBytes) & ~7
        return Spill.Shape(partBits: partBits, blockBytes: blockBytes, directory: directory)
    }

    /// The shape of a list, which is a spill of one part.
    func listShape(directory: String) -> Spill.Shape {
        let blockBytes = min(max((budgetBytes ?? Self.enoughBytes) / 256, Self.smallestBlockBytes), Self.largestBlockBytes) & ~7
        return Spill.Shape(partBits: 0, blockBytes: blockBytes, directory: directory)
    }

    private static let enoughBytes = 64 << 20
    /// Below this a block is not worth its system call, and fewer parts do better.
    private static let smallBlockBytes = 4 << 10
    private static let smallestBlockBytes = 512
    private static let largestBlockBytes = 64 << 10

    /// What the table and the strays of one part may take.
    var tableBytes: Int { budgetBytes.map { max($0 / 4, Self.smallestTableBytes) } ?? .max }

    /// With less, even a part of a few users would have to be parted again.
    private static let smallestTableBytes = 8 << 10

    /// What the findings may take that the report's page carries with it. The list of all findings is beside the page.
    var pageBytes: Int { budgetBytes.map { $0 / 16 } ?? .max }

    /// What each database may keep in memory of its pages, of temporary tables, and of what is being sorted.
    var databaseCacheBytes: Int? { budgetBytes.map { $0 / 64 } }

    // MARK: - Users

    /// What the users of one batch that is being settled may take.
    var batchBytes: Int { budgetBytes.map { $0 / 4 } ?? .max }

    /// What one of them takes, whose row has so many bytes: what was seen of it at each look, its row, its places in several dictionaries,
    /// and what is to be said of it. By measuring runs with batches of different sizes.
    static func settledUserBytes(rowBytes: Int) -> Int { 5_000 + 2 * rowBytes }

    /// How many users can be settled together when rows are of this size on average. Where those of a batch are longer, fewer are taken.
    func usersPerBatch(averageRowBytes: Int, atMost limit: Int) -> Int {
        max(1, min(limit, batchBytes / Self.settledUserBytes(rowBytes: averageRowBytes)))
    }

    /// Tells of how many users the rows can be asked for at once.
    ///
    /// - Parameter largestRowBytes: The longest row that there is; nil where nobody knows.
    func rowSizes(largestRowBytes: Int?, atMost limit: Int) -> RowSizes {
        RowSizes(limitBytes: budgetBytes.map { $0 / 16 }, atMost: limit, largestBytes: largestRowBytes)
    }

    /// How many users can be followed in topics and ledgers at the same time. Each takes its place in several dictionaries.
    var usersFollowed: Int { budgetBytes.map { max(1, $0 / 4 / 1_024) } ?? .max }

    /// What librdkafka may take for each of so many topics that are read at the same time, in bytes.
    static func fetchBytes(budgetBytes: Int?, topics: Int) -> Int {
        min(max((budgetBytes ?? enoughBytes) / 2 / max(1, topics), 1 << 20), 32 << 20)
    }
}
