/// "Look at this user, at least as of this position": one record of the signals topic, keyed by the user id.
public struct Signal: Sendable, Equatable {
    public var user: UserID
    /// The newest source position that the signal stands for; nil when whoever sent it knew none.
    public var position: SourcePosition?
    public var cause: Cause

    /// Who asks.
    public enum Cause: String, Sendable, CaseIterable {
        /// A change event.
        case change
        /// `rollcall repair`.
        case repair
        /// `rollcall parked retry`.
        case retry
        /// The enricher, which noticed that an older aggregate was written after a newer one.
        case late

        /// Whether somebody wants to know how things are now, so that no answer from before will do.
        public var asksAfresh: Bool { self == .repair || self == .retry }
    }

    public init(user: UserID, position: SourcePosition?, cause: Cause) {
        self.user = user
        self.position = position
        self.cause = cause
    }

    /// The record's key.
    public var key: [UInt8] { user.keyBytes }

    /// The record's value, such as `{"cause":"change","position":"4242@binlog.000001:2641"}`.
    public var value: [UInt8] {
        var writer = JSONWriter(capacity: 80)
        writer.raw("{\"cause\":")
        writer.string(cause.rawValue)
        writer.raw(",\"position\":")
        if let position { writer.string(position.description) } else { writer.raw("null") }
        writer.raw("}")
        return writer.bytes
    }

    /// What a reader looks at.
    private static let names = JSONNames(["cause", "position"])
    private static let (causeName, positionName) = (0, 1)

    /// Reads a signal back.
    ///
    /// - Throws: ``SignalError`` when key or value is not what ``key`` and ``value`` write.
    public init(key: [UInt8]?, value: [UInt8]?, kind: UserIDKind) throws(SignalError) {
        guard let key, let text = String(utf8: key) else {
            throw SignalError(detail: "the key is not a text")
        }
        let user: UserID
        do throws(UserIDError) {
            user = try kind.parse(text)
        } catch {
            throw SignalError(detail: "\(error)")
        }
        guard let value, let json = try? JSONOutline(value, Self.names) else {
            throw SignalError(detail: "the value is not JSON", user: user)
        }
        guard let cause = json.text(json.member(Self.causeName, of: json.whole)).flatMap(Cause.init(rawValue:)) else {
            let causes = Cause.allCases.map(\.rawValue).joined(separator: ", ")
            throw SignalError(detail: "the cause is not one of \(causes)", user: user)
        }
        var position: SourcePosition?
        if let field = json.member(Self.positionName, of: json.whole), !json.isNull(field) {
            guard let parsed = json.text(field).flatMap({ SourcePosition($0) }) else {
                throw SignalError(detail: "the position is not of the form server@file:offset", user: user)
            }
            position = parsed
        }
        self.init(user: user, position: position, cause: cause)
    }
}

/// A record of the signals topic that is no signal.
public struct SignalError: Error, Sendable, CustomStringConvertible {
    public let detail: String
    /// Whom the record's key names all the same, so that the user can be looked at although the record is parked.
    public let user: UserID?

    init(detail: String, user: UserID? = nil) {
        self.detail = detail
        self.user = user
    }

    public var description: String { "not a signal: \(detail)" }
}
