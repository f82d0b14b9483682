import Testing

@testable import rollcall

@Suite("The root cause of a stack trace")
struct StackTraceTests {
    static let wrapped = """
        org.apache.kafka.connect.errors.ConnectException: An exception occurred in the change event producer.
        \tat io.debezium.pipeline.ErrorHandler.setProducerThrowable(ErrorHandler.java:67)
        \tat java.base/java.lang.Thread.run(Thread.java:829)
        Caused by: io.debezium.DebeziumException: Error reading MySQL variables: Access denied
        \tat io.debezium.connector.mysql.MySqlConnection.querySystemVariables(MySqlConnection.java:132)
        \t... 5 more
        Caused by: com.mysql.cj.exceptions.CJException: Access denied for user 'debezium'@'%'
        \tat com.mysql.cj.jdbc.ConnectionImpl.createNewIO(ConnectionImpl.java:828)
        \t... 16 more
        """

    @Test("It is the last cause, not the wrapping around it")
    func lastCause() {
        #expect(
            StackTrace.rootCause(Self.wrapped) == "com.mysql.cj.exceptions.CJException: Access denied for user 'debezium'@'%'")
    }

    @Test("A trace without causes is its first line, whatever the line ends are")
    func noCause() {
        #expect(
            StackTrace.rootCause("java.lang.NullPointerException: oops\r\n\tat a.b(C.java:1)\r\n")
                == "java.lang.NullPointerException: oops")
        #expect(StackTrace.rootCause("java.lang.OutOfMemoryError") == "java.lang.OutOfMemoryError")
    }

    @Test("A cause without a message gives way to the innermost one that has one")
    func speechless() {
        let trace = """
            org.apache.kafka.connect.errors.ConnectException: Could not connect to db:3306
            Caused by: java.io.EOFException
            \tat a.b(C.java:1)
            """
        #expect(StackTrace.rootCause(trace) == "org.apache.kafka.connect.errors.ConnectException: Could not connect to db:3306")
    }

    @Test("Nothing comes of nothing", arguments: ["", "\n", "   \n"])
    func empty(trace: String) {
        #expect(StackTrace.rootCause(trace) == nil)
    }
}
