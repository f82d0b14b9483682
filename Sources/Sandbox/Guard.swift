import Foundation
import Glibc

/// The process that stands between a supervisor and one program, and that outlives neither.
///
/// `rollcall sandbox-guard [--grace-ms N] [--remove DIRECTORY]… -- COMMAND ARGS…` starts COMMAND in a process group of its own and watches its
/// own standard input, a socket whose other end only the supervisor holds. The kernel closes that end however the
/// supervisor dies, `kill -9` included, so end-of-file always means "stop": SIGTERM to the group, a grace period, SIGKILL.
/// Should the guard itself be killed, the kernel's parent-death signal takes the program along.
///
/// That signal is tied to the *thread* that forked, not to its process: the guard has one thread only.
/// `posix_spawn` cannot ask for the signal and Swift has no `fork`, so `setpriv --pdeathsig` (util-linux, present on every
/// Debian) asks for it and then becomes the program. The signal is only sent for a death that happens after it was asked
/// for; the shell in between compares its parent with the guard's id, and closes that gap.
public enum Guard {
    /// How long a program may take to end after SIGTERM, in milliseconds, unless the supervisor says otherwise.
    public static let defaultGraceMs = 5_000

    /// Guards one program until it ends or the supervisor is gone.
    ///
    /// - Parameter arguments: what follows `sandbox-guard` on the command line.
    /// - Returns: The program's exit code, for the guard to exit with. If a signal ended the program, the guard ends itself
    ///   with the same signal and this function does not return.
    public static func run(arguments: [String]) -> Int32 {
        guard let order = Order(arguments: arguments) else {
            report("usage: rollcall sandbox-guard [--grace-ms N] [--remove DIRECTORY]… -- COMMAND [ARGUMENT…]")
            return 64
        }
        closeInheritedDescriptors()
        // Blocked everywhere but inside pselect, so that no end of the program can fall between two looks at it.
        var mask = sigset_t()
        sigemptyset(&mask)
        sigaddset(&mask, SIGCHLD)
        sigprocmask(SIG_BLOCK, &mask, nil)
        signal(SIGCHLD) { _ in }
        // Whoever stops a whole group or service at once means the supervisor, which may need the program while it drains.
        for number in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_IGN) }

        do throws(SandboxError) {
            var program = GuardedProgram(group: try start(order.command), graceMs: order.graceMs)
            let status = program.guardUntilEnd()
            if program.supervisorIsGone { remove(order.directories) }
            if case .signalled(let number) = status { endWith(signal: number) }
            if case .exited(let code) = status { return code }
        } catch {
            report(error.description)
        }
        return 127
    }

    /// Closes what the supervisor leaked, so that neither guard nor program holds a file, lock or socket of its.
    private static func closeInheritedDescriptors() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        for descriptor in names.compactMap({ Int32($0) }) where descriptor > 2 {
            close(descriptor)
        }
    }

    private static func start(_ command: [String]) throws(SandboxError) -> pid_t {
        guard let setpriv = findProgram("setpriv") else {
            throw .programMissing(program: "setpriv", package: "util-linux")
        }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard null >= 0 else { throw .file(path: "/dev/null", reason: errnoText(errno)) }
        defer { close(null) }
        let script = "test \"$PPID\" -eq \"$1\" || exit 1; shift; exec \"$@\""
        let arguments = ["setpriv", "--pdeathsig", "KILL", "--", "/bin/sh", "-c", script, "sh", "\(getpid())"] + command
        return try spawn(
            SpawnRequest(
                path: setpriv, arguments: arguments, environment: ProcessInfo.processInfo.environment.map { "\($0)=\($1)" },
                input: null, output: 1, error: 2,
                leadership: .processGroup))
    }

    /// Removes the temporary directories that the supervisor left behind. One that stopped the program itself may want to start it
    /// again, or to look at its files, so only its sudden end counts.
    private static func remove(_ directories: [String]) {
        for directory in directories { try? FileManager.default.removeItem(atPath: directory) }
    }

    /// Ends this process by a signal, as the program was ended.
    private static func endWith(signal number: Int32) {
        // The program has left its core already; the guard's would say nothing.
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
        signal(number, SIG_DFL)
        kill(getpid(), number)
    }

    private static func report(_ message: String) {
        FileHandle.standardError.write(Data("rollcall sandbox-guard: \(message)\n".utf8))
    }

    /// The parsed command line.
    private struct Order {
        var graceMs = Guard.defaultGraceMs
        var directories: [String] = []
        var command: [String]

        init?(arguments: [String]) {
            var rest = arguments[...]
            while let option = rest.first, option.hasPrefix("--") {
                rest = rest.dropFirst()
                if option == "--" { break }
                guard let value = rest.popFirst() else { return nil }
                switch option {
                case "--grace-ms":
                    guard let number = Int(value), number >= 0 else { return nil }
                    graceMs = number
                case "--remove": directories.append(value)
                default: return nil
                }
            }
            guard !rest.isEmpty else { return nil }
            command = Array(rest)
        }
    }
}

/// What a supervisor may ask of a guard: one line each, on the socket between them.
enum GuardRequest: Equatable {
    /// Send this signal to the program's process group.
    case signal(Int32)
    /// End the program: SIGTERM, then SIGKILL after this many milliseconds.
    case stop(graceMs: Int)

    /// The request as it travels.
    var line: String {
        switch self {
        case .signal(let number): "signal \(number)\n"
        case .stop(let graceMs): "stop \(graceMs)\n"
        }
    }

    /// Reads one line without its end; `nil` if it is none of the requests.
    init?(line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard words.count == 2, let number = Int32(words[1]) else { return nil }
        switch words[0] {
        case "signal": self = .signal(number)
        case "stop": self = .stop(graceMs: Int(number))
        default: return nil
        }
    }
}
