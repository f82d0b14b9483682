import Domain
import Sandbox
import TestSupport
import Testing

@testable import Pipeline

extension RealParts.SpoiledServers {
    @Suite("A server that vanishes", .serialized)
    struct OutageTests {
        @Test(
            "what vanishes while it runs is waited for, said once, and nothing is lost",
            arguments: ["mapping", "mysql", "broker"])
        func outage(party: String) throws {
            let stack = try PipelineStack("outage-\(party)", on: .spoiled)
            let user = ["mapping": "201", "mysql": "202", "broker": "203"][party] ?? ""
            try stack.stack.execute("INSERT INTO users (user_id, email) VALUES (\(user), 'before@example.com')")
            try stack.publish([stack.event(user)])
            let warnings = Warnings()
            let runner = stack.runner(warnings: warnings)
            try runner.start()
            try eventually("the first production") { try stack.newest(user) != nil }
            let first = try #require(try stack.newest(user))

            let database = try stack.stack.requireDatabase()
            let broker = try stack.stack.requireBroker()
            let mapping = try stack.stack.requireMapping()
            let name = ["mapping": "the mapping service", "mysql": "MySQL", "broker": "Kafka"][party] ?? ""
            let saysAway = { warnings.texts.contains { $0.hasPrefix("waiting for \(name)") } }
            try stack.stack.execute("UPDATE users SET email = 'after@example.com' WHERE user_id = \(user)")
            switch party {
            case "mapping":
                try mapping.setFaults(MappingFaults(failure: .disconnect, errorRate: 1))
                try stack.publish([stack.event(user)])
                try eventually("the outage is said", saysAway)
                try mapping.clearFaults()
            case "mysql":
                database.stop()
                try stack.publish([stack.event(user)])
                try eventually("the outage is said", saysAway)
                try database.restart()
            default:
                try broker.setDown()
                try eventually("the outage is said", saysAway)
                try broker.setUp()
                try stack.publish([stack.event(user)])
            }
            try eventually("the second production") { try stack.newest(user)?.godDigest != first.godDigest }
            #expect(runner.isRunning)
            runner.requestStop()
            try runner.wait()
            let gods = try stack.live(stack.settings.topics.god)
            #expect(gods[user]?.value.text?.contains("after@example.com") == true)
            let perWorker = 3
            #expect(warnings.texts.filter { $0.hasPrefix("waiting for \(name)") }.count <= perWorker)
        }
    }
}
