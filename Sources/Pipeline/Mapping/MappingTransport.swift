import HTTP

/// What the mapping service client needs of HTTP: many requests at once on the calling thread.
public protocol MappingTransport: AnyObject {
    /// Sends requests as `next` gives them, and returns when `next` has nothing to send and nothing is under way.
    ///
    /// - Parameters:
    ///   - next: Asked for a request, and a number for it, whenever there is room; nil for "nothing now".
    ///   - whileWaiting: Called several times a second; what it throws cancels everything.
    ///   - onComplete: Called once per request, in the order of completion, with its number.
    func perform(
        maxConcurrent: Int, next: () throws -> (id: Int, request: Request)?, whileWaiting: () throws -> Void,
        onComplete: (Int, Result<Response, HTTPError>) throws -> Void
    ) throws
}

extension Client: MappingTransport {}
