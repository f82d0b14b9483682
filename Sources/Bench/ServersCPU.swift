import Foundation

/// The processor time of the servers that this process has started: the broker, MariaDB, the mapping service. They run on the same
/// processors, so that what they take is a limit to the pipeline as much as its own work is.
enum ServersCPU {
    /// User and kernel time of all descendants of this process that are alive, in seconds.
    static func seconds() -> Double {
        var children: [Int32: [Process]] = [:]
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = Int32(entry), let process = Process(id) else { continue }
            children[process.parent, default: []].append(process)
        }
        var ticks = 0
        var waiting = [getpid()]
        while let id = waiting.popLast() {
            for process in children[id] ?? [] {
                ticks += process.ticks
                waiting.append(process.id)
            }
        }
        return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// What https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html tells of a process.
    private struct Process {
        let id: Int32
        let parent: Int32
        let ticks: Int

        init?(_ id: Int32) {
            guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let name = text.lastIndex(of: ")")
            else { return nil }
            // From the third field on: state, parent, …, and as fourteenth and fifteenth user and kernel time.
            let fields = text[text.index(after: name)...].split(separator: " ")
            guard fields.count > 12, let parent = Int32(fields[1]), let user = Int(fields[11]), let kernel = Int(fields[12])
            else {
                return nil
            }
            (self.id, self.parent, ticks) = (id, parent, user + kernel)
        }
    }
}
