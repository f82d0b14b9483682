import Domain
import Testing

/// What Rollcall writes onto topics and into files, it must be able to read back, and nothing else.
@Suite("Formats of records")
struct RecordFormatTests {
    private let positions: [SourcePosition?] = [
        nil, SourcePosition(server: 4242, logName: "binlog", logNumber: 1, offset: 2641),
        SourcePosition(server: nil, logName: "a\"b", logNumber: 1_000_000, offset: .max),
    ]

    @Test("signals come back as they were sent", arguments: Signal.Cause.allCases)
    func signals(_ cause: Signal.Cause) throws {
        for position in positions {
            for (user, kind) in [
                ("42", UserIDKind.integer), ("-1", .integer), ("18446744073709551615", .unsigned), ("é\" \u{0}", .string),
            ] {
                let signal = Signal(user: UserID(user), position: position, cause: cause)
                #expect(try Signal(key: signal.key, value: signal.value, kind: kind) == signal)
            }
        }
    }

    @Test("a signal's bytes are a contract")
    func signalBytes() {
        let signal = Signal(user: UserID("42"), position: positions[1], cause: .change)
        #expect(text(signal.key) == "42")
        #expect(text(signal.value) == #"{"cause":"change","position":"4242@binlog.000001:2641"}"#)
        #expect(text(Signal(user: UserID("42"), position: nil, cause: .repair).value) == #"{"cause":"repair","position":null}"#)
    }

    @Test(
        "what is no signal is not read as one",
        arguments: [
            (nil, #"{"cause":"change"}"#), ("42", nil), ("42", ""), ("42", "{}"), ("42", #"{"cause":"nobody"}"#),
            ("42", #"{"cause":1}"#),
            ("42", #"{"cause":"change","position":"nowhere"}"#), ("42", #"{"cause":"change","position":7}"#),
            ("x", #"{"cause":"change"}"#),
            ("", #"{"cause":"change"}"#), ("42", "[]"),
        ] as [(String?, String?)])
    func notSignals(_ key: String?, _ value: String?) {
        #expect(throws: SignalError.self) { try Signal(key: key.map(utf8), value: value.map(utf8), kind: .integer) }
    }

    @Test("a signal's key must be UTF-8")
    func signalKey() {
        #expect(throws: SignalError.self) { try Signal(key: [0xFF], value: utf8(#"{"cause":"change"}"#), kind: .string) }
    }

    @Test("record addresses are written and read", arguments: ["0:0", "11:4", "2147483647:9223372036854775807"])
    func addresses(_ text: String) throws {
        #expect(try #require(RecordAddress(text)).description == text)
    }

    @Test(
        "what is no record address is not read as one",
        arguments: ["", ":", "1", "1:", ":1", "1:2:3", "a:1", "1: 2", "2147483648:0", "+1:2", "01:2", "1:+2"])
    func notAddresses(_ text: String) {
        #expect(RecordAddress(text) == nil)
    }

    private func header(_ headers: [(name: String, text: String)]) -> (String) -> [UInt8]? {
        { name in headers.first { $0.name == name }.map { utf8($0.text) } }
    }

    @Test("an aggregate's provenance comes back from its headers, all of it or what there is")
    func aggregateProvenance() {
        for version in [nil, positions[1]] {
            for signal in [nil, RecordAddress(partition: 3, offset: 9)] {
                for encoding in [nil, "abc"] {
                    for cause in [nil, Signal.Cause.repair, .retry] {
                        let provenance = AggregateProvenance(
                            version: version, signal: signal, encoding: encoding, cause: cause)
                        #expect(AggregateProvenance(header: header(provenance.headers)) == provenance)
                    }
                }
            }
        }
        #expect(AggregateProvenance { _ in [0xFF] } == AggregateProvenance(version: nil, signal: nil, encoding: nil))
    }

    @Test("a God object's provenance comes back from its headers; without the aggregate's address there is none")
    func godProvenance() {
        let address = RecordAddress(partition: 3, offset: 9)
        for digest in [nil, Digest(rawValue: 7)] {
            for version in [nil, positions[1]] {
                let provenance = GodProvenance(
                    aggregate: address, aggregateDigest: digest, version: version, mappingDigest: digest)
                #expect(GodProvenance(header: header(provenance.headers)) == provenance)
            }
        }
        #expect(GodProvenance { _ in nil } == nil)
        #expect(GodProvenance { _ in utf8("nowhere") } == nil)
    }

    @Test("the names of headers are a contract")
    func headerNames() {
        let provenance = GodProvenance(
            aggregate: RecordAddress(partition: 3, offset: 9), aggregateDigest: Digest(rawValue: 7), version: positions[1],
            mappingDigest: Digest(rawValue: 8))
        #expect(
            provenance.headers.map { "\($0.name)=\($0.text)" } == [
                "rollcall.aggregate=3:9", "rollcall.aggregate.digest=0000000000000007",
                "rollcall.version=4242@binlog.000001:2641",
                "rollcall.mapping.digest=0000000000000008",
            ])
    }

    @Test("causes are written as codes and read back, and every code is its own")
    func causes() {
        let plain: [Cause] = [
            .noChangeEventSeen, .signalledNeverAggregated, .aggregatedNeverEnriched, .producedThenAbsent, .tombstoneMissing,
            .wrongPartition,
            .twoLiveKeys, .notInLedger, .mappingChangedSince, .encodingChanged,
        ]
        let all = plain + ParkReason.allCases.map { .parked($0) }
        for cause in all { #expect(Cause(code: cause.code) == cause) }
        #expect(Set(all.map(\.code)).count == all.count)
        #expect(Set(all.map(\.explanation)).count == all.count)
        #expect(Cause.parked(.mappingFailed).code == "parked:mapping_failed")
        for code in ["", "parked", "parked:", "parked:nothing", "No_change_event_seen", "not_in_ledger "] {
            #expect(Cause(code: code) == nil)
        }
    }

    @Test("a God object holds both parts byte for byte")
    func godObject() throws {
        let aggregate = utf8(#"{"b":1.50,"a":"é\u0000"}"#)
        #expect(
            text(GodObject.compose(aggregate: aggregate, mapping: utf8(#"{"id":"x"}"#)))
                == #"{"aggregate":{"b":1.50,"a":"é\u0000"},"mapping":{"id":"x"}}"#)
        #expect(text(GodObject.compose(aggregate: utf8("{}"), mapping: nil)) == #"{"aggregate":{},"mapping":null}"#)
        #expect(
            try JSONValue(parsing: GodObject.compose(aggregate: aggregate, mapping: nil))["aggregate"]
                == JSONValue(parsing: aggregate))
    }

    @Test("A God object agrees with the provenance of its own parts, and with no other")
    func godObjectAndProvenance() {
        let aggregate = utf8(#"{"a":"x,\"mapping\":y","b":{"c":1,"mapping":null}}"#)
        let mapping = utf8(#"{"id":"x"}"#)
        func provenance(_ aggregate: [UInt8]?, _ mapping: [UInt8]?) -> GodProvenance {
            GodProvenance(
                aggregate: RecordAddress(partition: 0, offset: 0), aggregateDigest: aggregate.map { Digest(of: $0) },
                version: nil,
                mappingDigest: mapping.map { Digest(of: $0) })
        }
        let known = GodObject.compose(aggregate: aggregate, mapping: mapping)
        let unknown = GodObject.compose(aggregate: aggregate, mapping: nil)
        #expect(GodObject.isMade(known, by: provenance(aggregate, mapping)))
        #expect(GodObject.isMade(unknown, by: provenance(aggregate, nil)))
        #expect(GodObject.isMade(nil, by: provenance(nil, nil)))
        #expect(!GodObject.isMade(known, by: provenance(aggregate, nil)))
        #expect(!GodObject.isMade(unknown, by: provenance(aggregate, mapping)))
        #expect(!GodObject.isMade(known, by: provenance(mapping, mapping)))
        #expect(!GodObject.isMade(known + utf8(" "), by: provenance(aggregate, mapping)))
        #expect(!GodObject.isMade(nil, by: provenance(aggregate, nil)))
        #expect(!GodObject.isMade(known, by: provenance(nil, nil)))
        #expect(!GodObject.isMade([], by: provenance(aggregate, nil)))
    }
}
