import Domain
import Kafka
import Report
import Testing

@testable import Reconcile

@Suite("Mappings that are asked for again")
struct MappingRecheckTests {
    private static func settings(_ sample: VerifySettings.MappingSample) -> VerifySettings {
        var settings = World.settings
        settings.mappings = sample
        return settings
    }

    private let other = PresentMapping.digest(Digest(of: Array("another".utf8)))

    @Test(
        "are those that the God objects were made with, on a healthy pipeline",
        arguments: [VerifySettings.MappingSample.everyone, .some(5), .some(500)])
    func healthy(sample: VerifySettings.MappingSample) throws {
        let (report, findings) = try World().verify(Self.settings(sample))
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
        let note = try #require(report.notes.first { $0.contains("mappings were asked for again") })
        if sample != .some(5) { #expect(note.hasPrefix("20 mappings")) }
        #expect(note.contains("0 are not those"))
    }

    @Test("differ where the service changed its mind, which is named as the cause")
    func changed() throws {
        let world = World()
        world.state.withLock { $0.mappings[UserID("3")] = other }
        let (report, findings) = try world.verify(Self.settings(.everyone))
        #expect(findings == ["3 god stale mapping_changed_since"])
        #expect(report.exitCode == 1)
        #expect(report.counts[.god]?.stale == 1)
        #expect(report.counts[.god]?.matched == 19)
        #expect(try world.verify().findings.isEmpty, "nobody is asked unless the run says so")
    }

    @Test("that changed and reach the God topic meanwhile are no finding")
    func onItsWay() throws {
        let world = World()
        world.state.withLock { $0.mappings[UserID("3")] = other }
        world.stick("connector")
        world.state.withLock { $0.connectorOffset = nil }
        world.onSleep.withLock { hook in
            hook = { world in
                let isFirst = world.state.withLock { $0.stuck.remove("connector") } != nil
                world.pump()
                guard isFirst else { return }
                world.state.withLock { state in
                    let newest = state.productions.last { $0.user == UserID("3") }
                    guard let made = newest?.aggregate,
                        let aggregate = state.record(TopicPartition(World.Topic.aggregate, made.partition), made.offset)
                    else { return }
                    state.produceGod(UserID("3"), from: aggregate, at: made, mapping: Array("another".utf8))
                }
            }
        }
        let (report, findings) = try world.verify(Self.settings(.everyone))
        #expect(findings.isEmpty)
        #expect(report.verdict == .clean)
    }

    @Test("that cannot be had leave the user unresolved")
    func failing() throws {
        let world = World()
        world.state.withLock { $0.mappings[UserID("3")] = .failed("status 500") }
        let (report, findings) = try world.verify(Self.settings(.everyone))
        #expect(findings.isEmpty)
        #expect(report.verdict == .incomplete)
        #expect(report.counts[.god]?.unresolved == 1)
    }
}
