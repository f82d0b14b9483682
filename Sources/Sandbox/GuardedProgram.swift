import Glibc

/// A running program as its guard sees it: a process group, and a supervisor at the other end of standard input.
struct GuardedProgram {
    /// The program's process id, which is its group's id too.
    let group: pid_t
    /// How long to wait between SIGTERM and SIGKILL, in milliseconds.
    private(set) var graceMs: Int

    /// When the group is to be killed, on the monotonic clock, in milliseconds; `nil` while nobody asked it to stop.
    private var killAtMs: Int?
    /// Whether the supervisor has hung up.
    private(set) var supervisorIsGone = false
    private var unreadText = ""

    init(group: pid_t, graceMs: Int) {
        self.group = group
        self.graceMs = graceMs
    }

    /// Serves the supervisor's requests until the program has ended, then sweeps what is left of its group.
    mutating func guardUntilEnd() -> ExitStatus {
        while !hasEnded() {
            waitForNews()
            if let killAtMs, monotonicMs() >= killAtMs {
                kill(-group, SIGKILL)
            }
        }
        // The program is a zombie until it is waited for, so its id cannot have been given to anybody else.
        kill(-group, SIGKILL)
        var status: Int32 = 0
        while waitpid(group, &status, 0) < 0, errno == EINTR {}
        return ExitStatus(waitStatus: status)
    }

    /// Whether the program has ended; leaves it a zombie.
    private func hasEnded() -> Bool {
        var info = siginfo_t()
        guard waitid(P_PID, id_t(group), &info, WEXITED | WNOHANG | WNOWAIT) == 0 else {
            return errno != EINTR
        }
        return info.si_signo != 0
    }

    /// Sleeps until the program ends, the supervisor speaks or hangs up, or the grace period is over.
    private mutating func waitForNews() {
        var input = fd_set()
        if !supervisorIsGone { input.__fds_bits.0 = 1 }
        var none = sigset_t()
        sigemptyset(&none)
        let ready: Int32
        if let killAtMs {
            // Once the time is over the group is killed again and again, in case it forks faster than it dies.
            let waitMs = max(10, killAtMs - monotonicMs())
            var limit = timespec(tv_sec: waitMs / 1_000, tv_nsec: waitMs % 1_000 * 1_000_000)
            ready = pselect(1, &input, nil, nil, &limit, &none)
        } else {
            ready = pselect(1, &input, nil, nil, nil, &none)
        }
        if ready > 0 { readRequests() }
    }

    private mutating func readRequests() {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(0, &buffer, buffer.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else {
            supervisorIsGone = true
            stop(graceMs: graceMs)
            return
        }
        unreadText += String(decoding: buffer[..<count], as: UTF8.self)
        while let end = unreadText.firstIndex(of: "\n") {
            if let request = GuardRequest(line: unreadText[..<end]) { serve(request) }
            unreadText = String(unreadText[unreadText.index(after: end)...])
        }
    }

    private mutating func serve(_ request: GuardRequest) {
        switch request {
        case .signal(let number):
            kill(-group, number)
            if number == SIGSTOP { waitForStandstill() }
        case .stop(let graceMs): stop(graceMs: graceMs)
        }
        var acknowledgement = UInt8(ascii: "\n")
        _ = send(0, &acknowledgement, 1, Int32(MSG_NOSIGNAL))
    }

    /// Waits until no thread of the program runs any more.
    private func waitForStandstill() {
        var info = siginfo_t()
        while waitid(P_PID, id_t(group), &info, WSTOPPED | WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }

    private mutating func stop(graceMs: Int) {
        let deadline = monotonicMs() + graceMs
        killAtMs = min(killAtMs ?? deadline, deadline)
        kill(-group, SIGTERM)
        // A program that was paused cannot take the SIGTERM before it runs again.
        kill(-group, SIGCONT)
    }
}

/// Milliseconds on a clock that nobody can set.
func monotonicMs() -> Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec * 1_000 + now.tv_nsec / 1_000_000
}
