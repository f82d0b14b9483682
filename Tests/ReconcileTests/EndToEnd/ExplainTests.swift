import Domain
import Report
import Testing

@testable import Reconcile

extension EndToEnd {
    @Suite("The whole life of one user")
    struct ExplainTests {
        @Test("is told from the row to the God object, with what an earlier run found, and what is wrong now")
        func life() throws {
            let live = try LivePipeline.current()
            let user = UserID(6101)
            try live.change("INSERT INTO users (user_id, email) VALUES (6101, 'a@example.com')")
            try live.expectClean()
            let well = try live.explain(user)
            #expect(well.conclusion == .consistent)
            let row = try #require(well.row.value)
            let aggregate = try #require(well.aggregate.value)
            let god = try #require(well.god.value)
            let production = try #require(well.productions.value?.last)
            #expect(aggregate.digest == row.digest)
            #expect(production.aggregate == aggregate.address)
            #expect(production.aggregateDigest == row.digest)
            #expect(production.god == god.address)
            #expect(production.godDigest == god.digest)
            #expect(Set(aggregate.provenance.map(\.name)) == ["version", "signal", "encoding"])
            #expect(well.past == .found([]))
            #expect(well.parked == .found([]))
            // The row was written once; its event is still there.
            #expect(well.changes.value?.newest.map(\.operation) == ["create"])
            #expect(well.nextCommand == nil)

            try live.changeWithoutBinlog("UPDATE users SET email = 'unseen' WHERE user_id = 6101")
            #expect(try live.verify().findings == ["6101 aggregate stale no_change_event_seen"])
            let ill = try live.explain(user)
            guard case .differs(let findings) = ill.conclusion else {
                Issue.record("\(ill.conclusion)")
                return
            }
            #expect(findings.map(\.cause) == [.noChangeEventSeen])
            #expect(findings.map(\.fields) == [["email"]])
            #expect(ill.past.value?.map(\.causeCode) == ["no_change_event_seen"])
            #expect(ill.past.value?.first?.healed == nil)
            #expect(ill.changes.value?.count == 1, "the second change told nobody")
            #expect(ill.nextCommand?.contains("repair") == true)

            try live.repair([user])
            try live.expectClean()
            let mended = try live.explain(user)
            #expect(mended.conclusion == .consistent)
            #expect(mended.past.value?.first?.healed != nil)
            #expect(mended.productions.value?.count == 2)
        }

        @Test("of whom nothing is known is told as absent everywhere, and nothing is wrong with that")
        func nobody() throws {
            let live = try LivePipeline.current()
            let nobody = try live.explain(UserID(6199))
            #expect(nobody.row == .absent)
            #expect(nobody.aggregate == .absent)
            #expect(nobody.god == .absent)
            #expect(nobody.changes.value?.count == 0)
            #expect(nobody.conclusion == .consistent)
        }
    }
}

extension Explanation.Sighting {
    fileprivate var value: Value? {
        if case .found(let value) = self { value } else { nil }
    }
}
