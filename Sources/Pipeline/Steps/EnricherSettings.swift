import Domain

/// What the enricher is told.
public struct EnricherSettings: Sendable {
    /// Where a late write is signalled.
    public var signalsTopic: String
    /// What is enriched, and enriched once more by a replay.
    public var aggregateTopic: String
    public var godTopic: String
    public var userIDKind: UserIDKind
    public var notFound: NotFoundPolicy
    public var batch: BatchSettings

    public init(
        signalsTopic: String, aggregateTopic: String = "", godTopic: String, userIDKind: UserIDKind,
        notFound: NotFoundPolicy = .null, batch: BatchSettings = BatchSettings()
    ) {
        self.signalsTopic = signalsTopic
        self.aggregateTopic = aggregateTopic
        self.godTopic = godTopic
        self.userIDKind = userIDKind
        self.notFound = notFound
        self.batch = batch
    }
}

/// What becomes of a user whom the mapping service does not know.
public enum NotFoundPolicy: String, Sendable, CaseIterable {
    /// A God object whose mapping is `null`.
    case null
    /// The aggregate is parked, and the God object stays as it was.
    case park
}
