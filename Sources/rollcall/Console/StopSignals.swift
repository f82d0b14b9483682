import Glibc
import Synchronization

/// SIGINT and SIGTERM: the first asks for an orderly end, the second ends the process at once.
///
/// A handler, and not a thread that waits for blocked signals, because handlers are reset in child processes, while
/// a blocked or ignored signal would stay so in every child.
enum StopSignals {
    /// The first of the two signals that came; 0 while none did.
    private static let received = Atomic<Int32>(0)

    /// Takes the signals over from now on.
    static func install() {
        // Touched here so that the handler finds it initialised.
        _ = received.load(ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                let exchange = StopSignals.received.compareExchange(
                    expected: 0, desired: number, ordering: .sequentiallyConsistent)
                if !exchange.exchanged { _exit(128 + number) }
            }
            sigaction(number, &action, nil)
        }
        unblock()
        ignoreBrokenPipes()
    }

    /// Whether an orderly end was asked for. Cheap: ask as often as you like.
    static var isStopRequested: Bool { received.load(ordering: .relaxed) != 0 }

    /// 130 after SIGINT, 143 after SIGTERM, nil while neither came.
    static var exitStatus: ExitStatus? {
        switch received.load(ordering: .relaxed) {
        case SIGINT: .interrupted
        case SIGTERM: .terminated
        default: nil
        }
    }

    /// Whoever started this process may have handed its blocked signals down, as thread pools do; then none would ever arrive.
    private static func unblock() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    /// A peer that hangs up is an error of that write, not the end of the process. A handler that does nothing, because
    /// an ignored signal would stay ignored in child processes.
    private static func ignoreBrokenPipes() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGPIPE, &action, nil)
    }
}
