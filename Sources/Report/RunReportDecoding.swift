import Domain

extension RunReport {
    /// Reads a report back. Members that this version does not know are passed over, so that a later version may add some.
    ///
    /// - Parameter path: The file that it stands in, for the error.
    /// - Throws: ``ReportError`` with the code `unknown_schema` or `malformed`.
    public init(json: JSONValue, path: String = "report.json") throws(ReportError) {
        let fields = try JSONFields(json, file: path)
        let schema = try fields.text("schema")
        guard schema == Self.schema else {
            throw ReportError(
                .unknownSchema, path: path,
                "it is of the schema `\(PlainText.visible(String(schema.prefix(80))))`, and this version of Rollcall reads "
                    + "`\(Self.schema)`; read it with the version that wrote it, or a later one")
        }
        let id = try fields.text("run_id")
        guard let runID = try? RunID(parsing: id) else { throw fields.wrong("run_id", "the id of a run") }
        self.init(
            runID: runID, mode: try fields.choice("mode"),
            startedAt: try fields.time("started_at"), configDigest: try fields.text("config_digest"))
        try readOutcome(fields)
        try readEvidence(fields)
        try readFindings(fields)
    }

    private mutating func readOutcome(_ fields: JSONFields) throws(ReportError) {
        verdict = try fields.choice("verdict")
        complete = try fields.bool("complete")
        let exitCode: Int32 = try fields.integer("exit_code")
        guard exitCode == verdict.exitCode else {
            throw fields.wrong("exit_code", "\(verdict.exitCode), as the verdict `\(verdict.rawValue)` demands")
        }
        reason = try fields.optionalText("reason")
        finishedAt = try fields.time("finished_at")
        verifiedThrough = try fields.optionalPosition("verified_through")
        let coverage = try fields.object("coverage")
        self.coverage = Coverage(
            plan: try coverage.choice("plan"), unit: try coverage.text("unit"), planned: try coverage.integer("planned"),
            scanned: try coverage.integer("scanned"), gaps: try coverage.texts("gaps"))
        self.coverage.because = try coverage.optionalText("because")
        self.coverage.basis = try coverage.optionalObject("basis").map { basis throws(ReportError) in
            Coverage.Basis(
                run: try basis.text("run_id"), since: try basis.optionalPosition("since"),
                through: try basis.optionalPosition("through"), due: try basis.integer("due"),
                persisting: try basis.integer("persisting"), sliceUsers: try basis.integer("slice_users"),
                everyone: try basis.integer("everyone"), fullRun: try basis.text("full_run_id"))
        }
        let canary = try fields.object("canary")
        self.canary = Canary(planted: try canary.integer("planted"), caught: try canary.integer("caught"))
        // Reports of earlier versions have none.
        if let check = try fields.optionalObject("cross_check") {
            crossCheck = CrossCheck(compared: try check.integer("compared"), agreed: try check.integer("agreed"))
        }
        notes = try fields.texts("notes")
        revealedBy = try fields.optionalText("revealed_by")
        let phases = try fields.object("timings")
        timings = []
        for phase in phases.names {
            let milliseconds = try phases.required(phase, "a number of seconds") { Timing.milliseconds(of: $0) }
            timings.append(Timing(phase: phase, milliseconds: milliseconds))
        }
    }

    private mutating func readEvidence(_ fields: JSONFields) throws(ReportError) {
        let source = try fields.object("source")
        self.source = SourceSummary(
            rows: try source.integer("rows"), position: try source.optionalPosition("position"),
            server: try source.optionalText("server"))
        aggregateTopic = try fields.optionalObject("aggregate_topic").map { topic throws(ReportError) in
            try TopicSummary(topic)
        }
        godTopic = try fields.optionalObject("god_topic").map { topic throws(ReportError) in try TopicSummary(topic) }
        ledger = try fields.optionalObject("ledger").map { ledger throws(ReportError) in
            LedgerSummary(
                productions: try ledger.integer("productions"), users: try ledger.integer("users"),
                paths: try ledger.texts("paths"))
        }
        let fence = try fields.object("fence")
        self.fence = FenceSummary(
            position: try fence.optionalPosition("position"), strength: try fence.choice("strength"),
            hops: try fence.objects("hops").map { hop throws(ReportError) in
                FenceSummary.Hop(
                    hop: try hop.text("hop"), passed: try hop.bool("passed"), detail: try hop.text("detail"),
                    waitedMs: try hop.integer("waited_ms"))
            })
    }

    private mutating func readFindings(_ fields: JSONFields) throws(ReportError) {
        let counts = try fields.object("counts")
        for stage in Stage.allCases {
            self.counts[stage] = try counts.optionalObject(stage.rawValue).map { stage throws(ReportError) in
                try StageCounts(stage)
            }
        }
        let causes = try fields.object("causes")
        for name in causes.names {
            guard let bucket = Bucket(path: name) else { throw causes.wrong(name, "named stage/kind/cause") }
            self.causes[bucket] = try causes.integer(name)
        }
        clusters = try fields.objects("clusters").map { cluster throws(ReportError) in try Cluster(cluster) }
        distributions = try fields.addedObjects("distributions").map { distribution throws(ReportError) in
            Distribution(
                property: try distribution.choice("property"),
                stage: try distribution.optional("stage", "a stage") { $0.text.flatMap { Stage(rawValue: $0) } },
                bars: try distribution.objects("bars").map { bar throws(ReportError) in
                    Distribution.Bar(label: try bar.text("label"), findings: try bar.integer("findings"))
                }, of: try distribution.integer("of"))
        }
        trend = try fields.addedObjects("trend").map { point throws(ReportError) in try TrendPoint(point) }
        oldestStale = try fields.optionalObject("oldest_stale").map { stale throws(ReportError) in
            OldestStale(user: UserID(try stale.text("user")), writtenAt: try stale.time("written_at"))
        }
        delta = try fields.optionalObject("delta").map { delta throws(ReportError) in
            Delta(
                new: try delta.integer("new"), persisting: try delta.integer("persisting"),
                healed: try delta.integer("healed"))
        }
        examples = try fields.objects("examples").map { example throws(ReportError) in
            try FindingLine(json: example.value, path: example.file)
        }
    }
}

extension TopicSummary {
    fileprivate init(_ fields: JSONFields) throws(ReportError) {
        self.init(
            name: try fields.text("name"),
            partitions: try fields.objects("partitions").map { partition throws(ReportError) in
                Partition(
                    partition: try partition.integer("partition"), low: try partition.integer("low"),
                    end: try partition.integer("end"))
            },
            records: try fields.integer("records"), live: try fields.integer("live"),
            tombstones: try fields.integer("tombstones"))
    }
}

extension StageCounts {
    fileprivate init(_ fields: JSONFields) throws(ReportError) {
        self.init(
            users: try fields.integer("users"), matched: try fields.integer("matched"),
            missing: try fields.integer("missing"), stale: try fields.integer("stale"), extra: try fields.integer("extra"),
            unresolved: try fields.integer("unresolved"), parked: try fields.integer("parked"),
            versionOnly: try fields.integer("version_only"))
    }
}

extension Cluster {
    fileprivate init(_ fields: JSONFields) throws(ReportError) {
        let partition = try fields.optional("partition", "a whole number") { $0.integer.flatMap { Int32(exactly: $0) } }
        self.init(
            bucket: try fields.required("bucket", "stage/kind/cause") { $0.text.flatMap { Bucket(path: $0) } },
            // The first version knew clusters by partition only.
            property: fields.value["property"] == nil ? .partition : try fields.choice("property"),
            value: try fields.optionalText("value") ?? partition.map { "\($0)" } ?? "", partition: partition,
            findings: try fields.integer("findings"), of: try fields.integer("of"))
    }
}

extension TrendPoint {
    fileprivate init(_ fields: JSONFields) throws(ReportError) {
        self.init(
            runID: try fields.text("run_id"), startedAt: try fields.time("started_at"), verdict: try fields.choice("verdict"),
            complete: try fields.bool("complete"), new: try fields.integer("new"), persisting: try fields.integer("persisting"),
            healed: try fields.integer("healed"))
    }
}

extension Timing {
    /// The milliseconds of a JSON number of seconds; nil for what is not one, or cannot be a duration.
    fileprivate static func milliseconds(of value: JSONValue) -> Int64? {
        guard case .number(let text) = value, let seconds = Double(text), seconds >= 0, seconds < 1e12 else { return nil }
        return Int64((seconds * 1000).rounded())
    }
}
