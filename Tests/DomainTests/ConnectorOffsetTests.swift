import Domain
import Testing

@Suite("A connector's committed offset")
struct ConnectorOffsetTests {
    /// Records as Kafka Connect writes them to its offsets topic; the members are those of Debezium's `BinlogOffsetContext`.
    @Test("is read from Connect's record")
    func streaming() {
        let offset = ConnectorOffset(
            value: utf8(
                #"{"transaction_id":null,"ts_sec":1795360469,"file":"binlog.000003","pos":4043,"row":1,"server_id":4242,"event":2}"#
            ))
        #expect(
            offset
                == ConnectorOffset(
                    position: SourcePosition(server: 4242, logName: "binlog", logNumber: 3, offset: 4043), isSnapshot: false))
    }

    @Test(
        "knows the copying of tables, in every way that Debezium has written it",
        arguments: [#""INITIAL""#, "true", #""true""#, #""initial""#])
    func snapshot(_ mark: String) {
        let offset = ConnectorOffset(value: utf8(#"{"ts_sec":1,"file":"binlog.000003","pos":1930,"snapshot":\#(mark)}"#))
        #expect(offset?.isSnapshot == true)
        #expect(offset?.position.server == nil)
    }

    @Test("is past the copying when the mark is gone or says no", arguments: ["false", #""false""#, "null"])
    func noSnapshot(_ mark: String) {
        #expect(ConnectorOffset(value: utf8(#"{"file":"binlog.000003","pos":4,"snapshot":\#(mark)}"#))?.isSnapshot == false)
    }

    @Test(
        "is not made up where the record holds none",
        arguments: [
            "", "null", "{}", "[]", "garbage", #"{"file":"binlog.000003"}"#, #"{"pos":4}"#, #"{"file":"binlog","pos":4}"#,
            #"{"file":3,"pos":4}"#,
            #"{"file":"binlog.000003","pos":"4"}"#, #"{"file":"binlog.000003","pos":-4}"#, #"{"server":"mssql","lsn":7}"#,
        ])
    func none(_ value: String) {
        #expect(ConnectorOffset(value: utf8(value)) == nil)
    }

    @Test("is found by its key, which names the connector and its server")
    func key() {
        let key = utf8(#"["shop-connector",{"server":"shop"}]"#)
        #expect(ConnectorOffset.isKey(key, ofConnector: "shop-connector", server: "shop"))
        #expect(ConnectorOffset.isKey(key, ofConnector: "shop-connector", server: nil))
        #expect(!ConnectorOffset.isKey(key, ofConnector: "shop", server: "shop"))
        #expect(!ConnectorOffset.isKey(key, ofConnector: "shop-connector", server: "other"))
        for other in ["", "null", "[]", #"["shop-connector"]"#, #""shop-connector""#, #"["shop-connector",{"server":"shop"},1]"#]
        {
            #expect(!ConnectorOffset.isKey(utf8(other), ofConnector: "shop-connector", server: nil))
        }
        #expect(!ConnectorOffset.isKey(nil, ofConnector: "shop-connector", server: nil))
    }
}
