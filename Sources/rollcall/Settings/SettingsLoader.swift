import Domain

/// A setting given on the command line.
struct SettingOverride: Sendable {
    var path: String
    var text: String
    /// As the user spelled it: `--ledger`.
    var spelling: String
}

/// Puts file, environment and flags together: flags before environment before file before default.
struct SettingsLoader {
    /// The file that was named; nil looks for ``defaultFile``, which may be missing where no area is needed.
    var file: String?
    var environment: [String: String] = [:]
    var overrides: [SettingOverride] = []
    /// The areas that have to be complete and consistent, secrets included.
    var needs: Set<SettingsArea> = Set(SettingsArea.allCases)

    static let defaultFile = "rollcall.yaml"

    init(
        file: String? = nil, environment: [String: String] = [:], overrides: [SettingOverride] = [],
        needs: Set<SettingsArea> = Set(SettingsArea.allCases)
    ) {
        self.file = file
        self.environment = environment
        self.overrides = overrides
        self.needs = needs
    }

    /// - Throws: ``SettingsError`` with everything that is wrong.
    func load() throws(SettingsError) -> EffectiveSettings {
        var given = GivenSettings()
        let settingsFile = try readFile()
        if let settingsFile {
            given.problems += settingsFile.problems
            given.take(settingsFile)
        }
        given.take(environment: environment)
        for override in overrides { given.take(override) }

        var problems = given.problems
        var entries: [String: SettingEntry] = [:]
        for descriptor in SettingsTable.descriptors {
            guard let node = given.nodes[descriptor.path] else {
                entries[descriptor.path] = descriptor.defaultEntry
                if descriptor.isRequired, isNeeded(descriptor) { problems.append(missing(descriptor, given)) }
                continue
            }
            var entry = descriptor.entry(from: node, problems: &problems)
            if case .mapping(let members) = node.content {
                entry?.memberOrigins = Dictionary(members.map { ($0.name, $0.origin) }, uniquingKeysWith: { _, last in last })
            }
            entries[descriptor.path] = entry
        }
        readSecrets(into: &entries, &problems)
        let settings = EffectiveSettings(file: settingsFile?.path, entries: entries, warnings: given.warnings)
        problems += SettingsRules.problems(of: settings, needs: needs)
        guard problems.isEmpty else { throw SettingsError(problems: problems.sorted(by: SettingsProblem.precedes)) }
        return settings
    }

    private func readFile() throws(SettingsError) -> SettingsFile? {
        if let file { return try SettingsFile.read(file) }
        do {
            return try SettingsFile.read(Self.defaultFile)
        } catch {
            let isMissing = error.problems.allSatisfy { $0.message.hasPrefix("no such file") }
            let requiresFile = SettingsTable.descriptors.contains { descriptor in
                descriptor.isRequired && isNeeded(descriptor)
            }
            // A container may be configured by its environment alone; then nothing is missing.
            if isMissing, !requiresFile || environment.keys.contains(where: { $0.hasPrefix("ROLLCALL_KAFKA_") }) { return nil }
            throw error
        }
    }

    private func isNeeded(_ descriptor: any SettingDescriptor) -> Bool {
        descriptor.area.map(needs.contains) ?? true
    }

    /// What is missing, at the place where it would stand: the innermost section that is there.
    private func missing(_ descriptor: any SettingDescriptor, _ given: GivenSettings) -> SettingsProblem {
        var parts = descriptor.path.split(separator: ".").dropLast()
        while !parts.isEmpty {
            if let origin = given.sections[parts.joined(separator: ".")] {
                return SettingsProblem(origin: origin, key: descriptor.path, message: "required, and not set")
            }
            parts = parts.dropLast()
        }
        return SettingsProblem(
            origin: given.root ?? .builtIn, key: descriptor.path,
            message: "required, and not set"
                + (given.root == nil ? "; set it in \(Self.defaultFile) or as \(descriptor.environmentVariable)" : ""))
    }

    /// Replaces what a `*_file` setting names by what stands in it, for the areas that are needed.
    private func readSecrets(into entries: inout [String: SettingEntry], _ problems: inout [SettingsProblem]) {
        for descriptor in SettingsTable.descriptors {
            guard case .file(let secretPath) = descriptor.secrecy, isNeeded(descriptor),
                let fileEntry = entries[descriptor.path], let path = fileEntry.value as? String,
                let secret = SettingsTable.descriptor(secretPath)
            else { continue }
            // The environment's own text comes before the file's name in the settings file; else the two would contradict.
            guard entries[secretPath]?.origin == .builtIn else { continue }
            switch SecretFile.read(path) {
            case .success(let text):
                let node = SettingsNode(content: .scalar(text), origin: fileEntry.origin)
                entries[secretPath] = secret.entry(from: node, problems: &problems)
            case .failure(let fault):
                problems.append(SettingsProblem(origin: fileEntry.origin, key: descriptor.path, message: fault.message))
            }
        }
    }
}
