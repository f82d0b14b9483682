import Foundation
import Glibc
import Testing

@testable import Sandbox

@Suite("A guarded process")
struct ChildProcessTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func start(_ script: String, environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess("sh", ["-c", script], environment: environment, logFile: directory.file("log"))
    }

    /// Starts a program that writes its process id, and returns that id.
    private func startSleeper(before: String = "") throws -> (child: ChildProcess, pid: pid_t) {
        let child = try start(
            "\(before) echo $$ > \(directory.file("part")); mv \(directory.file("part")) \(pidFile); exec sleep 600")
        try child.waitUntil(timeoutMs: 20_000) { ProcessProbe.readID(pidFile) != nil }
        return (child, try #require(ProcessProbe.readID(pidFile)))
    }

    private var pidFile: String { directory.file("pid") }

    @Test("passes on the program's exit code", arguments: [0, 1, 42, 255])
    func exitCode(_ code: Int) throws {
        let child = try start("exit \(code)")
        #expect(child.waitForExit(timeoutMs: 20_000) == .exited(Int32(code)))
        #expect(!child.isRunning)
        #expect(child.exitStatus == .exited(Int32(code)))
    }

    @Test("passes on the signal that ended the program")
    func signal() throws {
        let child = try start("kill -SEGV $$")
        #expect(child.waitForExit(timeoutMs: 20_000) == .signalled(SIGSEGV))
    }

    @Test("logs both streams, gets the environment, reads nothing, and inherits no other file")
    func surroundings() throws {
        // Opened without O_CLOEXEC, as careless code does.
        let secret = directory.file("secret")
        let leaked = open(secret, O_RDWR | O_CREAT, 0o600)
        defer { close(leaked) }
        let child = try start("echo out $COLOUR; echo err >&2; cat; ls -l /proc/self/fd", environment: ["COLOUR": "red"])
        #expect(child.waitForExit(timeoutMs: 20_000) == .exited(0))
        #expect(child.logTail().starts(with: ["out red", "err"]))
        #expect(!child.logTail(lines: 100).contains { $0.contains(secret) || $0.contains("socket:") })
        #expect(child.logTail(lines: 1).count == 1)
    }

    @Test("lives in a session of its own, where a terminal's Ctrl-C does not reach it")
    func ownSession() throws {
        let (child, pid) = try startSleeper()
        #expect(getsid(pid) != getsid(0))
        #expect(getpgid(pid) == pid)
        #expect(child.kill() == .signalled(SIGKILL))
        #expect(!ProcessProbe.isAlive(pid))
    }

    @Test("ends by SIGTERM, or by SIGKILL if it does not want to")
    func terminate() throws {
        let (willing, _) = try startSleeper()
        #expect(willing.terminate(graceMs: 20_000) == .signalled(SIGTERM))
        unlink(pidFile)
        let (stubborn, pid) = try startSleeper(before: "trap '' TERM;")
        #expect(stubborn.terminate(graceMs: 50) == .signalled(SIGKILL))
        #expect(!ProcessProbe.isAlive(pid))
    }

    @Test("takes its own children along")
    func grandchildren() throws {
        let child = try start("sleep 600 & echo $! > \(pidFile); exit 3")
        #expect(child.waitForExit(timeoutMs: 20_000) == .exited(3))
        let grandchild = try #require(ProcessProbe.readID(pidFile))
        #expect(ProcessProbe.waitUntilGone(grandchild))
    }

    @Test("ends with its object")
    func objectEnds() throws {
        var (child, pid): (ChildProcess?, pid_t) = try startSleeper()
        #expect(child?.isRunning == true)
        child = nil
        #expect(!ProcessProbe.isAlive(pid))
    }

    @Test("ends when its supervisor is killed, and takes the temporary directories along")
    func supervisorKilled() async throws {
        let (root, temporary) = (directory.path, directory.file("temporary"))
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        await #expect(processExitsWith: .signal(SIGKILL)) { [root = root as String, temporary = temporary as String] in
            let script = "echo $$ > \(temporary)/x; cp \(temporary)/x \(root)/part; mv \(root)/part \(root)/pid; exec sleep 600"
            let child = try ChildProcess("sh", ["-c", script], logFile: "\(root)/log", removing: [temporary])
            try child.waitUntil(timeoutMs: 20_000) { access("\(root)/pid", F_OK) == 0 }
            Glibc.kill(getpid(), SIGKILL)
        }
        let pid = try #require(ProcessProbe.readID(pidFile), "the supervisor had started it")
        #expect(ProcessProbe.waitUntilGone(pid))
        #expect(ProcessProbe.wait { !FileManager.default.fileExists(atPath: temporary) })
    }

    @Test("ends when its guard is killed")
    func guardKilled() throws {
        let (child, pid) = try startSleeper()
        let guardID = try #require(ProcessProbe.parent(of: pid))
        Glibc.kill(guardID, SIGKILL)
        #expect(child.waitForExit(timeoutMs: 20_000) == .signalled(SIGKILL))
        #expect(ProcessProbe.waitUntilGone(pid))
    }

    @Test("outlives the signals that end a whole service, so that the supervisor can drain")
    func guardIgnoresTermination() throws {
        let (child, pid) = try startSleeper()
        let guardID = try #require(ProcessProbe.parent(of: pid))
        for signal in [SIGTERM, SIGINT, SIGHUP] { Glibc.kill(guardID, signal) }
        // A request that is answered shows that the guard has outlived the signals before it.
        child.send(signal: SIGCONT)
        #expect(child.isRunning)
        #expect(ProcessProbe.isAlive(pid))
    }

    @Test("stands still between SIGSTOP and SIGCONT, and can be terminated while it does")
    func paused() throws {
        let (child, pid) = try startSleeper()
        child.send(signal: SIGSTOP)
        #expect(ProcessProbe.state(of: pid) == "T")
        child.send(signal: SIGCONT)
        #expect(ProcessProbe.wait { ProcessProbe.state(of: pid) == "S" })
        child.send(signal: SIGSTOP)
        #expect(child.terminate(graceMs: 20_000) == .signalled(SIGTERM))
    }

    @Test("that ends while somebody waits for it to be ready is reported with its last words")
    func endsEarly() throws {
        let child = try start("echo no such luck; exit 7")
        let error = try #require(throws: SandboxError.self) { try child.waitUntil(timeoutMs: 20_000) { false } }
        #expect(
            error
                == .endedEarly(
                    program: child.program, status: .exited(7), logFile: child.logFile, log: ["no such luck"]))
        #expect(error.description.contains("exit code 7"))
        #expect(error.description.contains("no such luck"))
    }

    @Test("that is not installed is named with its package")
    func missing() throws {
        let error = try #require(throws: SandboxError.self) {
            try ChildProcess("no-such-mariadbd", logFile: directory.file("log"), package: "mariadb-server")
        }
        #expect(error == .programMissing(program: "no-such-mariadbd", package: "mariadb-server"))
        #expect(error.description.contains("apt-get install mariadb-server"))
    }

    @Test("needs a rollcall binary that exists")
    func missingGuard() throws {
        #expect(throws: SandboxError.cannotStart(program: "/nonexistent/rollcall", reason: "No such file or directory")) {
            try ChildProcess("sleep", ["600"], logFile: directory.file("log"), guardBinary: "/nonexistent/rollcall")
        }
    }
}
