import Domain
import Testing

@testable import Report

@Suite("report.json")
struct RunReportTests {
    private func names(_ value: JSONValue?) -> [String]? { value?.members?.map(\.name) }

    @Test("A report that was written and read says the same")
    func roundTrip() throws {
        var clean = try Sample.healthy()
        clean.conclude()
        var void = RunReport(runID: try Sample.run(), mode: .reconcile, startedAt: Sample.start, configDigest: "x")
        void.conclude(failure: "the \"aggregate\" topic\nwas recreated")
        for report in [clean, try Sample.differing(), void] {
            #expect(try RunReport(json: JSONValue(parsing: report.json.bytes)) == report)
        }
    }

    @Test("The fields are those of the documented schema, in their order")
    func schema() throws {
        let json = try Sample.differing().json
        #expect(
            names(json) == [
                "schema", "run_id", "mode", "verdict", "complete", "exit_code", "reason", "started_at", "finished_at",
                "config_digest", "coverage", "source", "verified_through", "aggregate_topic", "ledger", "god_topic", "fence",
                "counts", "causes", "clusters", "distributions", "oldest_stale", "canary", "cross_check", "delta", "trend",
                "timings",
                "revealed_by", "notes",
                "examples",
            ])
        #expect(json["schema"] == "rollcall.report/1")
        #expect(names(json["coverage"]) == ["plan", "unit", "planned", "scanned", "percent", "gaps", "because", "basis"])
        #expect(names(json["source"]) == ["rows", "position", "server"])
        #expect(names(json["aggregate_topic"]) == ["name", "partitions", "records", "live", "tombstones"])
        #expect(names(json["god_topic"]) == names(json["aggregate_topic"]))
        #expect(names(json["ledger"]) == ["productions", "users", "paths"])
        #expect(names(json["fence"]) == ["position", "strength", "passed", "hops"])
        #expect(names(json["counts"]) == ["aggregate", "god"])
        #expect(
            names(json["counts"]?["god"]) == [
                "users", "matched", "missing", "stale", "extra", "unresolved", "parked", "version_only",
            ])
        #expect(names(json["canary"]) == ["planted", "caught"])
        #expect(names(json["cross_check"]) == ["compared", "agreed"])
        #expect(names(json["delta"]) == ["new", "persisting", "healed"])
        #expect(names(json["timings"]) == ["scan", "settle"])
        #expect(json["timings"]?["scan"] == .number("1.250"))
        guard case .array(let partitions) = json["aggregate_topic"]?["partitions"], case .array(let hops) = json["fence"]?["hops"]
        else {
            Issue.record("partitions and hops are not lists")
            return
        }
        #expect(names(partitions.first) == ["partition", "low", "end"])
        #expect(names(hops.first) == ["hop", "passed", "detail", "waited_ms"])
    }

    @Test("Causes are counted under stage/kind/code, along the pipeline")
    func causes() throws {
        let json = try Sample.differing().json
        #expect(
            json["causes"] == [
                "aggregate/missing/no_change_event_seen": 14, "aggregate/stale/no_change_event_seen": 2,
                "aggregate/stale/parked:bad_row": 1, "god/missing/produced_then_absent": 2,
            ])
    }

    @Test("A stage that the run did not look at is absent from the counts")
    func oneStage() throws {
        var report = try Sample.healthy()
        report.counts[.god] = nil
        report.godTopic = nil
        report.ledger = nil
        report.conclude()
        #expect(names(report.json["counts"]) == ["aggregate"])
        #expect(report.json["god_topic"] == .null)
        #expect(report.verdict == .clean)
    }

    @Test("A report of another schema is refused, and the refusal names both")
    func unknownSchema() throws {
        var json = try Sample.differing().json
        json = replacing("schema", with: "rollcall.report/2", in: json)
        let error = #expect(throws: ReportError.self) { try RunReport(json: json, path: "r/report.json") }
        #expect(error?.code == .unknownSchema)
        #expect(error?.description.contains("rollcall.report/2") == true)
        #expect(error?.description.contains("rollcall.report/1") == true)
    }

    @Test(
        "A report with a broken member is refused, and the refusal names the member",
        arguments: [
            ("verdict", "splendid"), ("exit_code", 0), ("run_id", "../x"), ("fence", [:]), ("counts", ["aggregate": 3]),
            ("started_at", "yesterday"), ("causes", ["aggregate/lost/x": 1]), ("timings", ["scan": "long"]),
            ("timings", ["scan": .number("1e400")]), ("aggregate_topic", [:]), ("examples", [3]), ("notes", [nil]),
        ] as [(String, JSONValue)])
    func malformed(name: String, value: JSONValue) throws {
        let json = replacing(name, with: value, in: try Sample.differing().json)
        #expect(throws: ReportError.self) { try RunReport(json: json) }
    }

    @Test("Members that a later version added are passed over")
    func additions() throws {
        let report = try Sample.differing()
        guard case .object(var members) = report.json else { return }
        members.append(.init("weather", "mild"))
        #expect(try RunReport(json: .object(members)) == report)
    }

    @Test("reports/README.md documents every member and every cause")
    func documentation() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let page = String(decoding: try InputFile.contents(of: root + "/reports/README.md"), as: UTF8.self)
        var words: [String] = []
        func collect(_ value: JSONValue, below name: String) {
            if case .array(let elements) = value { elements.forEach { collect($0, below: name) } }
            for member in value.members ?? [] {
                // Under these two the names are not ours: buckets and phases.
                if name != "causes", name != "timings" { words.append(member.name) }
                collect(member.value, below: member.name)
            }
        }
        collect(try Sample.differing().json, below: "")
        let causes: [Cause] = [
            .noChangeEventSeen, .signalledNeverAggregated, .aggregatedNeverEnriched, .producedThenAbsent, .tombstoneMissing,
            .wrongPartition, .twoLiveKeys, .notInLedger, .mappingChangedSince, .encodingChanged,
        ]
        for word in words + causes.map(\.code) { #expect(page.contains("`\(word)`"), "\(word) is not documented") }
        for cause in causes { #expect(page.contains(cause.explanation), "\(cause.code) is explained otherwise") }
    }

    @Test("reports/README.md lists the columns of findings.csv in their order, which stays")
    func columns() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let page = String(decoding: try InputFile.contents(of: root + "/reports/README.md"), as: UTF8.self)
        #expect(page.filter { $0 != "\n" }.contains(CSV.header.filter { $0 != "\n" }))
    }

    private func replacing(_ name: String, with value: JSONValue, in json: JSONValue) -> JSONValue {
        .object((json.members ?? []).map { $0.name == name ? .init(name, value) : $0 })
    }
}

@Suite("Counting findings")
struct FindingTallyTests {
    @Test("The counts of the stages come from the findings that were written")
    func adoption() throws {
        let report = try Sample.differing()
        #expect(report.counts[.aggregate]?.missing == 14)
        #expect(report.counts[.aggregate]?.stale == 3)
        #expect(report.counts[.aggregate]?.parked == 1)
        #expect(report.counts[.god]?.missing == 2)
        #expect(report.differences == 19)
        #expect(report.exitCode == 1)
    }

    @Test("Examples stand for every bucket, however many findings there are")
    func examples() throws {
        let report = try Sample.differing()
        #expect(report.examples.map(\.user.text) == ["1001", "1002", "1003", "2", "3", "1", "5", "6"])
    }

    @Test("A bucket that crowds in one partition is pointed out; an even spread, or a handful, is not")
    func clusters() throws {
        let bucket = Bucket(stage: .aggregate, kind: .missing, cause: .noChangeEventSeen)
        #expect(
            try Sample.differing().clusters == [
                Cluster(bucket: bucket, property: .partition, value: "7", partition: 7, findings: 14, of: 14),
                Cluster(bucket: bucket, property: .userID, value: "1001–1014", findings: 14, of: 14),
            ])
        var even = FindingTally()
        for user in 0..<120 { even.add(try Sample.line("\(user)", partition: Int32(user % 12))) }
        #expect(even.clusters(users: 120, partitionCounts: [.aggregate: 12]).filter { $0.property == .partition }.isEmpty)
        // With one partition there is nothing to crowd in.
        var alone = FindingTally()
        for user in 0..<120 { alone.add(try Sample.line("\(user)", partition: 0)) }
        #expect(alone.clusters(users: 120, partitionCounts: [.aggregate: 1]).filter { $0.property == .partition }.isEmpty)
        #expect(alone.clusters(users: 120, partitionCounts: [.aggregate: 12]).first?.findings == 120)
    }

    @Test("The oldest stale value is that of the stage's own topic")
    func oldestStale() throws {
        var tally = FindingTally()
        tally.add(try Sample.line("1", timestampMs: 3_000))
        tally.add(try Sample.line("2", timestampMs: 1_000))
        tally.add(try Sample.line("3", .aggregate, .extra, .tombstoneMissing, timestampMs: 10))
        tally.add(try Sample.line("4", timestampMs: nil))
        #expect(tally.oldestStale == OldestStale(user: UserID("2"), writtenAt: UTCTime(millisecondsSince1970: 1_000)))
    }
}
