import Glibc

/// How a program is started: its words, its environment, and where its three standard streams lead.
struct SpawnRequest {
    /// The group that the new process gets for itself, so that a terminal's Ctrl-C never reaches it.
    enum Leadership {
        /// A session of its own, and with it a process group.
        case session
        /// A process group of its own within the caller's session.
        case processGroup
    }

    /// The program, as a path; it is not looked up in `PATH`.
    var path: String
    /// The arguments, the program's own name first.
    var arguments: [String]
    /// The environment as `NAME=value` entries.
    var environment: [String]
    /// The descriptors that become standard input, output and error.
    var input: Int32
    var output: Int32
    var error: Int32
    var leadership: Leadership
}

/// Starts a program with the three given standard streams and default signal handling.
///
/// The signal mask of the new process is empty and all signal dispositions are the default ones, whatever the caller's
/// thread has set. Descriptors above 2 are kept out of it by being opened with `O_CLOEXEC`.
///
/// - Returns: The process id.
/// - Throws: `SandboxError.cannotStart` with the errno of `posix_spawn`.
func spawn(_ request: SpawnRequest) throws(SandboxError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, request.input, 0)
    posix_spawn_file_actions_adddup2(&actions, request.output, 1)
    posix_spawn_file_actions_adddup2(&actions, request.error, 2)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    sigfillset(&mask)
    posix_spawnattr_setsigdefault(&attributes, &mask)
    var flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    switch request.leadership {
    case .session:
        // POSIX_SPAWN_SETSID; glibc shows the name to GNU sources only, and Swift's import is none.
        flags |= 0x80
    case .processGroup:
        flags |= POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setpgroup(&attributes, 0)
    }
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var process: pid_t = 0
    let result = withCStrings(request.arguments) { arguments in
        withCStrings(request.environment) { environment in
            posix_spawn(&process, request.path, &actions, &attributes, arguments, environment)
        }
    }
    guard result == 0 else {
        throw .cannotStart(program: request.path, reason: errnoText(result))
    }
    return process
}

/// Lends `strings` as the null-terminated array of C strings that `exec` takes.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
    pointers.append(nil)
    defer { pointers.forEach { free($0) } }
    return pointers.withUnsafeMutableBufferPointer { buffer in
        // The buffer holds at least the terminating null, so its base address exists.
        body(buffer.baseAddress!)
    }
}

/// What the system says of an error number.
func errnoText(_ code: Int32) -> String {
    String(cString: strerror(code))
}

/// The file that a command's name stands for.
///
/// A name with a slash is taken as it is. Others are looked up in `PATH`, then in the system directories that hold
/// servers and that an ordinary user's `PATH` leaves out.
func findProgram(_ name: String) -> String? {
    if name.contains("/") {
        return access(name, X_OK) == 0 ? name : nil
    }
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    let directories = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
    return directories.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}
