import Domain
import Foundation
import Reconcile
import Report
import Sandbox

/// The whole story, act by act: load, stream, prove, break, name, mend, prove.
final class DemoStory {
    private let users: Int
    private let onAct: (DemoAct) -> Void
    private(set) var acts: [DemoAct] = []
    private(set) var files: DemoFiles?
    private(set) var lastReport: String?
    private var stack: Stack?
    private var stream: DemoStream?
    private var shop: DemoShop?

    init(users: Int, onAct: @escaping (DemoAct) -> Void) {
        self.users = users
        self.onAct = onAct
    }

    /// Tells the story to its end, or to the first act that did not come out as planted.
    func tell(directory: String?, progress: @escaping @Sendable (StackProgress) -> Void) throws {
        let (stack, files) = try load(directory: directory, progress: progress)
        try play("stream") { try self.startStream(files) }
        shop = try DemoShop(stack, users: users)
        let settings = try SettingsLoader(file: files.settings, environment: [:]).load()
        try play("verify while the shop is open") { try self.verify(settings, files, planted: [:]) }
        try play("break") { try self.sabotage(stack) }
        try play("verify what was broken") { try self.verify(settings, files, planted: DemoSabotage.planted) }
        try play("repair") { try self.repair(settings) }
        try play("verify again") { try self.verify(settings, files, planted: [:]) }
        try shop?.close()
        shop = nil
    }

    /// Ends what still runs: the shop, the pipeline, the stack.
    func end() {
        // The story is over: if the shop had trouble, an act has said so already.
        try? shop?.close()
        stream?.stop()
        stack?.stop()
        stack = nil
    }

    var isAsPlanted: Bool { !acts.isEmpty && acts.allSatisfy(\.isAsPlanted) }

    // MARK: - The stage

    /// What an act comes to, before its name and its time are added.
    private struct Scene {
        var line: String
        var verdict: String?
        var exitCode: Int32 = 0
        var planted: DemoAct.Users = [:]
        var found: DemoAct.Users = [:]
        var isAsPlanted = true
    }

    private func play(_ name: String, _ body: () throws -> Scene) throws {
        if StopSignals.isStopRequested { throw ReconcileError.interrupted }
        let start = Date()
        let scene = try body()
        let act = DemoAct(
            name: name, line: scene.line, verdict: scene.verdict, exitCode: scene.exitCode, planted: scene.planted,
            found: scene.found, seconds: Date().timeIntervalSince(start), isAsPlanted: scene.isAsPlanted)
        acts.append(act)
        onAct(act)
        guard act.isAsPlanted else { throw DemoFailure(act: act) }
    }

    // MARK: - The acts

    private func load(
        directory: String?, progress: @escaping @Sendable (StackProgress) -> Void
    ) throws -> (Stack, DemoFiles) {
        var loaded: (Stack, DemoFiles)?
        try play("load") {
            var options = StackOptions()
            options.sampleUsers = users
            let stack = try Stack(options, directory: directory, progress: progress)
            self.stack = stack
            let files = try DemoFiles(stack)
            self.files = files
            loaded = (stack, files)
            return Scene(
                line: "\(PlainText.grouped(users)) users with preferences in MariaDB; Debezium has delivered the snapshot")
        }
        guard let loaded else { throw ReconcileError.interrupted }
        return loaded
    }

    private func startStream(_ files: DemoFiles) throws -> Scene {
        let stream = try DemoStream(files)
        self.stream = stream
        let productions = try stream.wait(forUsers: users, timeoutMs: 120_000)
        return Scene(line: "every user became a God object (\(PlainText.count(productions, "production")) in the ledger)")
    }

    private func sabotage(_ stack: Stack) throws -> Scene {
        try DemoSabotage.commit(on: stack)
        let count = DemoSabotage.planted.values.reduce(0) { $0 + $1.count }
        return Scene(
            line: "rows changed with the binary log off, God objects tombstoned by hand: \(count) users",
            planted: DemoSabotage.planted)
    }

    private func verify(_ settings: EffectiveSettings, _ files: DemoFiles, planted: DemoAct.Users) throws -> Scene {
        let changesBefore = shop?.changes ?? 0
        let recipe = try settings.reconcile()
        let outcome = try Verification(recipe.settings, ports: recipe.ports)
            .run(
                reports: recipe.reportsDirectory, history: recipe.historyPath,
                commands: Commands(globalOptions: ["--config", files.settings]))
        lastReport = outcome.path
        let found = try findings(recipe.reportsDirectory)
        let changes = (shop?.changes ?? 0) - changesBefore
        let report = outcome.report
        let expected: Verdict = planted.isEmpty ? .clean : .differences
        return Scene(
            line: "\(Self.sentence(report)); \(PlainText.count(changes, "change")) meanwhile", verdict: report.verdict.rawValue,
            exitCode: report.exitCode, planted: planted, found: found,
            isAsPlanted: report.verdict == expected && report.complete && found == planted)
    }

    private static func sentence(_ report: RunReport) -> String {
        let rows = PlainText.count(report.source.rows, "user")
        switch report.verdict {
        case .clean: return "clean: all of \(rows), \(report.canary.caught) of \(report.canary.planted) canaries caught"
        case .differences: return "\(PlainText.count(report.differences, "difference")) among \(rows), each one that was planted"
        case .incomplete, .error: return "\(report.verdict.rawValue): \(report.reason ?? "no reason given")"
        }
    }

    private func findings(_ directory: String) throws -> DemoAct.Users {
        var found: DemoAct.Users = [:]
        let lines = try ReportStore(directory: directory).load(.latest).findings()
        while let line = try lines.next() {
            let bucket = "\(line.stage.rawValue)/\(line.kind.rawValue)/\(line.causeCode ?? "unknown")"
            found[bucket, default: []].insert(line.user)
        }
        return found
    }

    private func repair(_ settings: EffectiveSettings) throws -> Scene {
        let recipe = try settings.reconcile()
        let users = try findings(recipe.reportsDirectory).values.reduce(into: Set<UserID>()) { $0.formUnion($1) }
        try Repair(
            source: settings.source(), kafkaProperties: settings.kafkaProperties, signalsTopic: recipe.settings.topics.signals
        ).publish(users.sorted())
        let outcome = try UserCheck(recipe.settings, ports: recipe.ports).run(users)
        return Scene(
            line: "\(PlainText.count(users.count, "signal")) sent, all of these users verified again", exitCode: outcome.exitCode,
            isAsPlanted: outcome.exitCode == 0)
    }
}

/// An act that did not come out as planted.
struct DemoFailure: Error, CustomStringConvertible {
    let act: DemoAct

    var description: String {
        var lines = ["the act “\(act.name)” did not come out as planted: \(act.line)"]
        for bucket in Set(act.planted.keys).union(act.found.keys).sorted() {
            let planted = act.planted[bucket] ?? []
            let found = act.found[bucket] ?? []
            let missed = planted.subtracting(found).sorted().map(\.text)
            let surplus = found.subtracting(planted).sorted().map(\.text)
            if !missed.isEmpty { lines.append("  \(bucket): planted, not found: \(missed.joined(separator: ", "))") }
            if !surplus.isEmpty { lines.append("  \(bucket): found, not planted: \(surplus.joined(separator: ", "))") }
        }
        return lines.joined(separator: "\n")
    }
}
