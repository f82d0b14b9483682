import Domain
import Report
import Testing

@testable import rollcall

@Suite("What the doctor says")
struct DoctorReportTests {
    private static let format = Precondition("mysql.binlog_format", why: "Statements are not rows; Debezium skips them.")
    private static let report = DoctorReport(sections: [
        Section(
            name: "MySQL at db:3306",
            checks: [
                format.failure("binlog_format is MIXED", mend: "SET GLOBAL binlog_format = ROW;"),
                Precondition("mysql.server_id", why: "0 refuses replicas.").ok("server_id is 1"),
            ]),
        Section(name: "Nothing to see", checks: []),
        Section(
            name: "Kafka at b:9092",
            checks: [
                Precondition("kafka.cleanup_policy.god", why: "Compaction keeps the last value.").unknown(
                    "cleanup.policy of god: the broker does not say", mend: "kafka-configs.sh --describe --topic god"),
                Precondition("kafka.retention", why: "What is forgotten is lost.").warning(
                    "signals keeps records for an hour", mend: "kafka-configs.sh --alter\n(or a faster pipeline)"),
            ]),
    ])

    @Test("What is fine takes a line; what is not says why it matters and how to mend it")
    func golden() {
        let expected = """
            MySQL at db:3306
              failure  binlog_format is MIXED
                       Statements are not rows; Debezium skips them.
                       → SET GLOBAL binlog_format = ROW;
              ok       server_id is 1

            Kafka at b:9092
              unknown  cleanup.policy of god: the broker does not say
                       Compaction keeps the last value.
                       → kafka-configs.sh --describe --topic god
              warning  signals keeps records for an hour
                       What is forgotten is lost.
                       → kafka-configs.sh --alter
                       → (or a faster pipeline)

            doctor: 1 failure, 1 warning, 1 unknown, 1 ok

            """
        #expect(Self.report.text() == expected)
    }

    @Test("Long sentences are wrapped, and commands are not, because they are there to be copied")
    func wrapping() {
        let why = "one two three four five six seven eight nine ten eleven twelve thirteen"
        let command = "SELECT a_rather_long_statement_that_nobody_wants_to_put_together_again FROM t;"
        let report = DoctorReport(sections: [
            Section(name: "S", checks: [Precondition("x", why: why).failure("found", mend: command)])
        ])
        let lines = report.text(.init(width: 50)).split(separator: "\n").map(String.init)
        #expect(lines.filter { !$0.contains("→") }.allSatisfy { $0.count <= 52 })
        #expect(lines.contains("           → \(command)"))
    }

    @Test("On request, what is fine says why it matters as well")
    func explained() {
        let text = Self.report.text(.init(explainsAll: true))
        #expect(text.contains("  ok       server_id is 1\n           0 refuses replicas.\n"))
    }

    @Test("Only a failure decides the exit code")
    func exitCode() {
        #expect(Self.report.exitStatus == .differences)
        var mended = Self.report
        mended.sections[0].checks.removeFirst()
        #expect(mended.exitStatus == .success)
        #expect(DoctorReport(sections: []).conclusion == "doctor: nothing to check")
    }

    @Test("The JSON has every check with its reason and its remedy")
    func json() {
        let json = Self.report.json
        #expect(json["ok"] == false)
        #expect(json["counts"] == ["ok": 1, "warning": 1, "failure": 1, "unknown": 1])
        guard case .array(let sections)? = json["sections"], case .array(let checks)? = sections.first?["checks"] else {
            Issue.record("no sections")
            return
        }
        #expect(
            checks.first == [
                "id": "mysql.binlog_format", "state": "failure", "finding": "binlog_format is MIXED",
                "why": "Statements are not rows; Debezium skips them.", "mend": "SET GLOBAL binlog_format = ROW;",
            ])
    }

    @Test("What another program wrote cannot move the terminal's cursor")
    func controlCharacters() {
        let report = DoctorReport(sections: [
            Section(name: "S", checks: [Precondition("x", why: "w").failure("a\u{1B}[2Jb", mend: "c\u{07}d")])
        ])
        #expect(!report.text().contains("\u{1B}"))
        #expect(!report.text().contains("\u{07}"))
    }

    @Test("Commands come with the options that reach this system")
    func commands() {
        let commands = MendingCommands(bootstrap: "b:9092", commands: Commands(globalOptions: ["--config", "/etc/r.yaml"]))
        #expect(commands.complete("kafka-topics.sh --create") == "kafka-topics.sh --bootstrap-server b:9092 --create")
        #expect(
            commands.complete("rollcall connector apply --restart") == "rollcall connector apply --config /etc/r.yaml --restart")
        #expect(commands.complete("mkdir -p /x") == "mkdir -p /x")
    }
}
