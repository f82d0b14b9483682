/// How a run divides the memory that it may take.
///
/// Half is for what librdkafka fetches ahead, an eighth for blocks that are being filled, an eighth for rows that are read by their ids.
/// The table in which a part is compared may take a quarter, though not while anything is fetched ahead. The users of one batch
/// that is being settled may take as much: by then the table is gone, as are the blocks. The rest is for buffers of the client
/// libraries, stacks, and what the allocator cannot reuse at once.
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

    /// How many users can be settled together when rows are of this size on average.
    ///
    /// A user in a batch takes what was seen of it at each look, its row as bytes twice, its places in several dictionaries, and what is
    /// to be said of it: some five kilobytes in all, by measuring runs with batches of different sizes.
    func usersPerBatch(averageRowBytes: Int, atMost limit: Int) -> Int {
        users(each: 5_000 + 2 * averageRowBytes, in: 4, atMost: limit)
    }

    /// Of how many users rows of this size can be asked for at once while a topic is read.
    func usersPerQuery(averageRowBytes: Int, atMost limit: Int) -> Int {
        users(each: 2_048 + 2 * averageRowBytes, in: 8, atMost: limit)
    }

    private func users(each bytes: Int, in share: Int, atMost limit: Int) -> Int {
        guard let budgetBytes else { return limit }
        return max(1, min(limit, budgetBytes / share / bytes))
    }

    /// What librdkafka may take for each of so many topics that are read at the same time, in bytes.
    static func fetchBytes(budgetBytes: Int?, topics: Int) -> Int {
        min(max((budgetBytes ?? enoughBytes) / 2 / max(1, topics), 1 << 20), 32 << 20)
    }
}
