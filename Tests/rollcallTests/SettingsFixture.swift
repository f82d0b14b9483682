import Foundation
import Testing

@testable import rollcall

/// A directory of its own for one test, removed afterwards.
final class TemporaryDirectory {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "rollcall-tests-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file with that mode and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }
}

/// Settings with nothing but what is required. Tests replace single lines of it, so their line numbers are these.
let completeYAML = """
    source:
      mysql:
        user: rollcall
        database: shop
      query: |
        SELECT u.user_id, u.email FROM users u WHERE :users
      key: u.user_id
      users_table: users
    user_id: {type: integer}
    changes:
      - {topic: shop.users, user_id: user_id}
    connector: {name: shop, server: shop}
    kafka:
      bootstrap: 127.0.0.1:9092
    mapping:
      url: http://127.0.0.1:8080/{user_id}

    """

extension TemporaryDirectory {
    /// Loads the text as `rollcall.yaml` of this directory.
    func load(
        _ yaml: String, environment: [String: String] = [:], set overrides: [(String, String)] = [],
        needs: Set<SettingsArea> = Set(SettingsArea.allCases)
    ) throws -> EffectiveSettings {
        try SettingsLoader(
            file: try write("rollcall.yaml", yaml), environment: environment,
            overrides: overrides.map { SettingOverride(path: $0.0, text: $0.1, spelling: "--set") }, needs: needs
        ).load()
    }

    /// What is wrong with the text, line by line, with this directory's path taken out; empty where nothing is.
    func problems(
        _ yaml: String, environment: [String: String] = [:], set overrides: [(String, String)] = []
    ) throws -> [String] {
        do {
            _ = try load(yaml, environment: environment, set: overrides)
            return []
        } catch let error as SettingsError {
            return error.problems.map { $0.description.replacingOccurrences(of: path + "/", with: "") }
        }
    }
}
