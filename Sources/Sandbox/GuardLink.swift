import Glibc

/// The supervisor's end of the socket to one guard.
///
/// One socket serves three purposes. The supervisor's requests travel over it; its end tells the guard that the supervisor
/// is gone; and the guard's end, held by nobody else, tells the supervisor that the guard is gone.
struct GuardLink: ~Copyable {
    private let descriptor: Int32

    /// Makes a connected pair: the supervisor's end, and the guard's, which the caller closes once the guard has it.
    static func makeEnds() throws(SandboxError) -> (supervisor: Int32, guardEnd: Int32) {
        var ends: [Int32] = [-1, -1]
        // Closed on exec from birth: a sibling started at the same moment must not keep this guard's supervisor alive.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw .cannotStart(program: "sandbox-guard", reason: errnoText(errno))
        }
        return (ends[0], ends[1])
    }

    /// Takes over the supervisor's end.
    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Passes a request on and waits until the guard has served it; a guard that is gone needs none.
    ///
    /// One thread at a time, so that each reads its own answer.
    func send(_ request: GuardRequest) {
        let bytes = Array(request.line.utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return }
        var answer = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var acknowledgement: UInt8 = 0
        if poll(&answer, 1, Self.answerTimeoutMs) > 0 { _ = recv(descriptor, &acknowledgement, 1, Int32(MSG_DONTWAIT)) }
    }

    /// How long a guard may take to serve a request, in milliseconds; long only because it may just be starting.
    private static let answerTimeoutMs: Int32 = 10_000

    /// Waits until the guard is gone.
    ///
    /// - Returns: `false` if it is still there after `timeoutMs` milliseconds.
    func waitForHangUp(timeoutMs: Int) -> Bool {
        let deadline = monotonicMs() + timeoutMs
        // Hanging up is always reported; asking for nothing else leaves answers to who waits for them.
        var end = pollfd(fd: descriptor, events: 0, revents: 0)
        while true {
            let leftMs = max(0, deadline - monotonicMs())
            let ready = poll(&end, 1, Int32(clamping: leftMs))
            if ready > 0 { return true }
            if ready == 0 { return false }
            if errno != EINTR { return true }
        }
    }
}
