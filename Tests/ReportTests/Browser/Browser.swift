import Domain
import Foundation
import HTTP
import Testing

/// A headless Chromium, driven through chromedriver's WebDriver interface (https://www.w3.org/TR/webdriver2/).
final class Browser: Sendable {
    struct Trouble: Error, CustomStringConvertible {
        var description: String
    }

    /// The browser of the suite that is running.
    @TaskLocal static var current: Browser?

    private let process: Process
    private let profile: String
    private let session: String

    init() throws {
        let driver = ["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver"].first(
            where: FileManager.default.isExecutableFile)
        guard let driver else { throw Trouble(description: "there is no chromedriver; scripts/setup --tests installs it") }
        profile = NSTemporaryDirectory() + "rollcall-browser-" + UUID().uuidString
        process = Process()
        process.executableURL = URL(fileURLWithPath: driver)
        process.arguments = ["--port=0"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        do {
            let port = try Self.port(output.fileHandleForReading)
            let options: JSONValue = [
                "capabilities": [
                    "alwaysMatch": [
                        "goog:loggingPrefs": ["browser": "ALL", "performance": "ALL"],
                        "goog:chromeOptions": [
                            "args": [
                                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                                "--force-color-profile=srgb", .string("--user-data-dir=\(profile)"),
                            ]
                        ],
                    ]
                ]
            ]
            let root = "http://127.0.0.1:\(port)/session"
            let created = try Self.call(.post, root, options)
            guard let id = created["sessionId"]?.text else { throw Trouble(description: "no session: \(created)") }
            session = root + "/" + id
        } catch {
            Self.end(process)
            throw error
        }
    }

    func close() {
        _ = try? Self.call(.delete, session, nil)
        Self.end(process)
        try? FileManager.default.removeItem(atPath: profile)
    }

    /// The browser is the driver's child, and gone with the session. The driver itself starts with whatever signals are blocked
    /// in the thread that starts it, so that only this one is sure to reach it.
    private static func end(_ process: Process) {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    // MARK: - What a reader does

    /// Opens a page as if for the first time, and forgets what was logged before.
    func open(_ path: String, fragment: String = "", width: Int = 1_200, height: Int = 900, scheme: String = "light") throws {
        try command(
            "Emulation.setDeviceMetricsOverride",
            [
                "width": .number(width), "height": .number(height), "deviceScaleFactor": 1, "mobile": .bool(width < 600),
            ])
        try prefer(scheme: scheme)
        try go(to: "about:blank")
        _ = try log("browser")
        _ = try log("performance")
        try go(to: "file://\(path)" + fragment)
    }

    func prefer(scheme: String, media: String = "") throws {
        try command(
            "Emulation.setEmulatedMedia",
            ["media": .string(media), "features": [["name": "prefers-color-scheme", "value": .string(scheme)]]])
    }

    /// Runs a function's body in the page.
    @discardableResult
    func run(_ script: String, _ arguments: JSONValue...) throws -> JSONValue {
        try Self.call(.post, session + "/execute/sync", ["script": .string(script), "args": .array(arguments)])
    }

    func text(_ script: String) throws -> String { try run("return String(\(script))").text ?? "" }

    /// Waits for a promise, which the script passes its last argument to.
    func wait(_ script: String, _ arguments: JSONValue...) throws -> JSONValue {
        try Self.call(.post, session + "/execute/async", ["script": .string(script), "args": .array(arguments)])
    }

    /// Types as a keyboard does; special keys are those of the standard's table, such as `\u{E004}` for Tab.
    func press(_ keys: String) throws {
        let actions = keys.unicodeScalars.flatMap { key -> [JSONValue] in
            ["keyDown", "keyUp"].map { ["type": .string($0), "value": .string(String(key))] }
        }
        try post("/actions", ["actions": [["type": "key", "id": "keyboard", "actions": .array(actions)]]])
    }

    /// Clicks where an element is, as a mouse does.
    func click(_ selector: String) throws {
        let element = try post("/element", ["using": "css selector", "value": .string(selector)])
        guard let id = element.members?.first?.value.text else { throw Trouble(description: "no \(selector)") }
        try post("/element/\(id)/click", [:])
    }

    /// What the page complained about.
    func complaints() throws -> [String] { try log("browser").compactMap { $0["message"]?.text } }

    /// Everything that was asked for over a network or a file system.
    func requests() throws -> [String] {
        try log("performance").compactMap { entry in
            guard let text = entry["message"]?.text, let message = try JSONValue(parsing: Array(text.utf8))["message"],
                message["method"] == "Network.requestWillBeSent"
            else { return nil }
            return message["params"]?["request"]?["url"]?.text
        }
    }

    /// A picture of what is visible, as the bytes of a PNG file.
    func screenshot() throws -> [UInt8] {
        let encoded = try Self.call(.get, session + "/screenshot", nil).text ?? ""
        return Array(Data(base64Encoded: encoded) ?? Data())
    }

    func resize(width: Int, height: Int) throws {
        try command(
            "Emulation.setDeviceMetricsOverride",
            ["width": .number(width), "height": .number(height), "deviceScaleFactor": 1, "mobile": .bool(width < 600)])
    }

    // MARK: - The protocol

    private func go(to url: String) throws { try post("/url", ["url": .string(url)]) }

    private func command(_ name: String, _ parameters: JSONValue) throws {
        try post("/goog/cdp/execute", ["cmd": .string(name), "params": parameters])
    }

    private func log(_ type: String) throws -> [JSONValue] {
        let entries = try post("/se/log", ["type": .string(type)])
        if case .array(let list) = entries { return list }
        return []
    }

    @discardableResult
    private func post(_ path: String, _ body: JSONValue) throws -> JSONValue {
        try Self.call(.post, session + path, body)
    }

    private static func call(_ method: HTTP.Method, _ url: String, _ body: JSONValue?) throws -> JSONValue {
        var configuration = HTTP.Configuration()
        configuration.totalTimeoutMs = 60_000
        configuration.maxResponseBytes = 64 << 20
        let request = Request(
            url: url, method: method, headers: [Header("Content-Type", "application/json")], body: body.map { $0.bytes })
        let response = try Client(configuration).perform(request)
        let value = try JSONValue(parsing: response.body)["value"] ?? .null
        guard response.status == 200 else {
            throw Trouble(description: value["message"]?.text ?? "status \(response.status)")
        }
        return value
    }

    /// The driver says which port it took in a line of its output.
    private static func port(_ output: FileHandle) throws -> Int {
        var seen = ""
        while true {
            let data = output.availableData
            guard !data.isEmpty else { throw Trouble(description: "chromedriver ended: \(seen)") }
            seen += String(decoding: data, as: UTF8.self)
            if let match = seen.firstMatch(of: /successfully on port (\d+)/), let port = Int(match.1) { return port }
        }
    }
}

/// Gives all tests of a suite one browser, and ends it after the last.
struct WithBrowser: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let browser = try Browser()
        defer { browser.close() }
        try await Browser.$current.withValue(browser) { try await function() }
    }
}

extension Trait where Self == WithBrowser {
    static var browser: Self { WithBrowser() }
}
