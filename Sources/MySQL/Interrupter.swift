import Glibc
import Synchronization

/// Ends what a ``Connection`` is waiting for, from another thread, such as the one that handles a request to stop.
///
/// The session is lost with it: the waiting call throws a ``MySQLError`` whose `isConnectionLost` is true. The server notices when it next
/// writes to the connection; a statement that only computes goes on there until then.
public final class Interrupter: Sendable {
    /// The socket of the open session. It is cleared before the session closes it, as the number may then be given to another file.
    private let socket = Mutex<Int32?>(nil)

    /// Cuts the connection; does nothing if there is none. A later ``Connection/reconnect()`` works as usual.
    public func interrupt() {
        socket.withLock { socket in
            // A shutdown, unlike a close, wakes a thread that waits on the socket and leaves the number taken.
            if let socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    func watch(_ descriptor: Int32?) {
        socket.withLock { $0 = descriptor }
    }
}
